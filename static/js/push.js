// A page that waits for the phone. Without this file its button asks how things stand.

const ANSWERS = ["approved", "denied", "wrong_number", "expired"]
const AGAIN = 2000
const page = document.querySelector("[data-push]")
const panels = page?.querySelectorAll("[data-panel]") ?? []
const say = (name) => (page.querySelector(`[data-say="${name}"]`).hidden = false)
const timers = []

function show(state) {
  timers.forEach(clearTimeout)
  for (const panel of panels) panel.hidden = !panel.dataset.panel.split(" ").includes(state)
  for (const said of page.querySelectorAll("[data-say]")) said.hidden = true
  if (state === "approved") document.getElementById("push-answer").requestSubmit()
}

function listen() {
  const stream = new EventSource(page.dataset.events)
  for (const state of ANSWERS) {
    stream.addEventListener(state, () => {
      stream.close()
      show(state)
    })
  }
  stream.addEventListener("delayed", () => say("delayed"))
  // Interrupted, the browser asks again by itself; refused, it never would.
  stream.addEventListener("error", () => stream.readyState === EventSource.CLOSED && setTimeout(ask, AGAIN))
}

// Nobody serves streams for a moment, or the sign-in is over: the page itself knows.
async function ask() {
  const answer = await fetch(location.href).catch(() => null)
  if (!answer || answer.status >= 500) return setTimeout(ask, AGAIN)
  const [, state] = /data-push="(\w+)"/.exec(await answer.text()) ?? []
  if (state === "waiting") listen()
  else if (ANSWERS.includes(state)) show(state)
  else location.reload()
}

if (page?.dataset.push === "waiting") {
  listen()
  const left = Number(page.dataset.seconds)
  timers.push(setTimeout(say, 30_000, "hint"))
  if (left > 31) timers.push(setTimeout(say, (left - 30) * 1000, "half"))
}
