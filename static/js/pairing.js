// Moves on by itself when a phone has scanned the code, or the code has run out.

const page = document.querySelector("[data-status]")
const EVERY = 2000

async function look() {
  const answer = await fetch(page.dataset.status).catch(() => null)
  if (answer?.ok && (await answer.json()).state !== "open") location.reload()
  else setTimeout(look, EVERY)
}

if (page) {
  page.querySelector("[data-live]").hidden = false
  setTimeout(look, EVERY)
}
