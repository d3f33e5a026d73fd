// A page that waits for the phone. Without this file its button asks how things stand.

const page = document.querySelector("[data-push]")
const panels = page?.querySelectorAll("[data-panel]") ?? []
const say = (name) => (page.querySelector(`[data-say="${name}"]`).hidden = false)
const timers = []

function show(state) {
  timers.forEach(clearTimeout)
  for (const panel of panels) panel.hidden = !panel.dataset.panel.split(" ").includes(state)
  for (const said of page.querySelectorAll("[data-say]")) said.hidden = true
}

if (page?.dataset.push === "waiting") {
  const stream = new EventSource(page.dataset.events)
  for (const state of ["approved", "denied", "wrong_number", "expired"]) {
    stream.addEventListener(state, () => {
      stream.close()
      show(state)
      if (state === "approved") document.getElementById("push-answer").requestSubmit()
    })
  }
  stream.addEventListener("delayed", () => say("delayed"))
  // Refused for good, not interrupted: the sign-in is over, and a fresh page says so.
  stream.addEventListener("error", () => stream.readyState === EventSource.CLOSED && location.reload())
  const left = Number(page.dataset.seconds)
  timers.push(setTimeout(say, 30_000, "hint"))
  if (left > 31) timers.push(setTimeout(say, (left - 30) * 1000, "half"))
}
