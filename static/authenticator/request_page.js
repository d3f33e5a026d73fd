// One request: yes with the number, or no with one tap.

import { Offline } from "./api.js";
import { now } from "./clock.js";
import { all, announce, busy, fault, field, fill, go, initials, nameOf, one, part } from "./page.js";
import { answered, decide, isTrial, waiting } from "./requests.js";
import { browserOf, left, placeOf, questionOf } from "./requests_page.js";
import { account as stored, change, setting } from "./store.js";
import { say } from "./words.js";

const HOME = "/authenticator/"
const LIFETIME = 120
const MANY = 3

let request, past, digits, shown, isBusy, isDenied, warned

export async function enter(section, { argument: id, state }) {
  ;[request, isBusy, isDenied, warned] = [null, false, false, false]
  digits = (await setting("digits")) ?? 2
  bind(section)
  const past = await answered(id)
  if (past) return showPast(section, past)
  // Opened by a notification: nobody has asked yet, and a list that nobody has read says nothing.
  if (!state.requests.some((one) => one.id === id)) state.requests = await waiting().catch(() => [])
  const asked = state.requests.find((one) => one.id === id)
  if (!asked) return over(section, "ran_out")
  request = asked
  draw(section)
  await tick(section, await now())
  closeNotifications()
}

export function leave() {
  request = null
}

export async function news(section, { requests, isOffline }) {
  if (!request || isBusy || isDenied || isOffline || requests.some(({ id }) => id === request.id)) return
  if (left(request.expires_at, await now()) <= 2 || !request) return
  past = isTrial(request) ? null : request
  over(section, "answered")
  field(section, "dispute").hidden = !past
}

export async function tick(section, time) {
  if (!request || isBusy || isDenied) return
  const seconds = left(request.expires_at, time)
  if (seconds === 0) return over(section, isTrial(request) ? "test_ran_out" : "ran_out")
  const ask = one('[data-part="ask"]', section)
  fill(ask, {
    seconds: say("seconds", { count: seconds }),
    asked: say("asked", { count: Math.max(1, Math.round((time - Date.parse(request.context.asked_at)) / 1000)) }),
  })
  field(ask, "ring").setAttribute("stroke-dasharray", `${Math.min(seconds, LIFETIME)} ${LIFETIME}`)
  if (seconds <= 30 && !warned) announce(say("left", { count: seconds }))
  warned ||= seconds <= 30
}

function draw(section) {
  const { account, context } = request
  const ask = part(section, "ask")
  shown = "ask"
  fill(ask, {
    initials: initials(nameOf(account)),
    label: nameOf(account),
    email: account.owner.email,
    question: questionOf(context),
    browser: browserOf(context),
    place: placeOf(context),
    site: new URL(account.origin).host,
  })
  fill(section, { enter: say(isTrial(request) ? "enter_test_number" : "enter_number") })
  field(section, "hint").hidden = field(section, "away").hidden = isTrial(request)
  field(ask, "skip").hidden = field(section, "skip-number").hidden = !isTrial(request)
  field(ask, "new").hidden = !context.is_new_place
  field(ask, "guess").hidden = !context.place
  field(ask, "often").hidden = context.lately < MANY
  fault(ask, "fault", "")
}

function bind(section) {
  const actions = {
    ask: () => move(section, "ask"),
    yes: () => number(section),
    number: () => number(section),
    "no-number": () => move(section, "no-number"),
    no: () => answer(section, { decision: "no" }),
    mistake: () => answer(section, { decision: "no", reason: "mistake" }),
    not_me: () => answer(section, { decision: "no", reason: "not_me" }),
    skip: () => skip(request.account),
    dispute: () => dispute(section),
    clear: () => type(section, ""),
    delete: () => type(section, one("#number").value.slice(0, -1)),
  }
  for (const button of all("[data-do]", section))
    button.onclick = () => busy(button, async () => actions[button.dataset.do]?.())
  for (const key of all("[data-digit]", section))
    key.onclick = () => type(section, one("#number").value + key.dataset.digit)
  one("#number").oninput = ({ target }) => type(section, target.value)
}

function move(section, name) {
  shown = name
  fault(part(section, name), "fault", "")
}

function number(section) {
  move(section, "number")
  const slots = field(section, "slots")
  slots.replaceChildren(...Array.from({ length: digits }, () => document.createElement("span")))
  type(section, "")
  one("#number").focus({ preventScroll: true })
}

// The last digit sends it: the label says so, and a number has one try.
function type(section, typed) {
  const value = typed.replace(/\D/g, "").slice(0, digits)
  const before = one("#number").value
  one("#number").value = value
  for (const [index, slot] of [...field(section, "slots").children].entries()) {
    slot.textContent = value[index] ?? ""
    slot.classList.toggle("on", index === value.length)
  }
  if (document.activeElement !== one("#number") && value !== before) announce(say("entered", { count: value.length }))
  if (value.length === digits && !isBusy) return answer(section, { decision: "yes", number: value })
}

async function answer(section, decision) {
  if (!request || isBusy) return
  isBusy = true
  section.setAttribute("aria-busy", "true")
  const asked = request
  try {
    const told = await decide(asked, decision)
    if (asked === request) await settle(section, decision, told)
  } catch (failure) {
    if (!(failure instanceof Offline)) throw failure
    complain(section, say("offline"))
  } finally {
    isBusy = false
    section.removeAttribute("aria-busy")
  }
}

// Another phone has answered, and its yes was somebody else's: a no counts all the same.
function dispute(section) {
  request = past
  fault(part(section, "over"), "fault", "")
  return answer(section, { decision: "no", reason: "not_me" })
}

// Nothing is lost: what was left of linking goes on.
async function skip({ id }) {
  go(await afterTrial(id, { isOver: true }))
}

// On to what is left of linking, if that is what the trial was for.
async function afterTrial(id, { isOver }) {
  if ((await stored(id))?.step !== "trial") return HOME
  if (isOver) await change(id, { step: "codes" })
  return `/authenticator/linked/${id}/`
}

function settleTrial(section, { decision }, told) {
  if (told.status === 200 && decision === "yes") {
    fill(section, { "signed-in": say("tested") })
    return finish(section, "approved")
  }
  if (told.status === 200) return over(section, "test_denied")
  if (told.code === "wrong_number") return over(section, "test_wrong_number")
  if (told.code === "expired") return over(section, "test_ran_out")
  if (told.code === "answered" || told.status === 404) return over(section, "answered")
  complain(section, say("fault"))
}

function settle(section, decision, told) {
  if (isTrial(request)) return settleTrial(section, decision, told)
  const { context } = request
  if (told.status === 200 && decision.decision === "yes") {
    fill(section, {
      "signed-in": say(context.purpose === "confirm" ? "confirmed" : "signed_in", {
        browser: context.browser || say("unknown_browser"),
      }),
    })
    finish(section, "approved")
  } else if (told.status === 200 && told.secure_url) over(section, "not_me", told.secure_url)
  else if (told.status === 200 && !decision.reason) askWho(section)
  else if (told.status === 200) over(section, decision.reason)
  else if (told.code === "wrong_number") over(section, "wrong_number")
  else if (told.code === "expired") over(section, "ran_out")
  else if (told.code === "answered" || told.status === 404) over(section, "answered")
  else complain(section, say(told.status === 429 ? "limit" : "fault"))
}

// Denied already, perhaps from the notification: what is still open is whose sign-in it was.
function showPast(section, { request: asked, state }) {
  if (state !== "denied" || isTrial(asked)) return over(section, "answered")
  request = asked
  askWho(section)
}

function askWho(section) {
  isDenied = true // nothing runs out any more
  move(section, "denied")
}

function over(section, why, secureURL) {
  fill(section, { over: say(why) })
  field(section, "dispute").hidden = true
  const secure = field(section, "secure")
  secure.hidden = !secureURL
  if (secureURL) secure.href = secureURL
  return finish(section, "over")
}

async function finish(section, name) {
  const asked = request
  request = null
  const next = asked && isTrial(asked) ? await afterTrial(asked.account.id, { isOver: name === "approved" }) : HOME
  for (const link of all("[data-next]", section)) {
    link.href = next
    link.textContent = say(next === HOME ? "done" : "go_on")
  }
  shown = name
  part(section, name)
  navigator.clearAppBadge?.()?.catch(() => {})
  closeNotifications()
}

function complain(section, text) {
  fault(one(`[data-part="${shown}"]`, section), "fault", text)
  if (shown === "number") {
    one("#number").value = ""
    for (const [index, slot] of [...field(section, "slots").children].entries()) {
      slot.textContent = ""
      slot.classList.toggle("on", index === 0)
    }
  }
}

async function closeNotifications() {
  const registration = await navigator.serviceWorker?.getRegistration()
  const shown = (await registration?.getNotifications()) ?? []
  for (const notification of shown) if (notification.tag !== "alert") notification.close() // nobody has read that yet
}
