// From "the computer must confirm" to "done": notifications, and the backup codes of a first method.

import { call, Offline } from "./api.js";
import { ask } from "./link.js";
import { all, announce, busy, copyText, facts, fault, field, fill, go, isInstalled, isIOS, nameOf, one, part } from "./page.js";
import * as push from "./push.js";
import { isTrial } from "./requests.js";
import { account as stored, change, forget } from "./store.js";
import { say } from "./words.js";

const EVERY = 2000
const SHOWN = 3000
const met = new Set() // trials that this phone was taken to
let device, codes, asking, isTrying

export async function enter(section, { argument: id, state }) {
  device = await stored(id)
  if (!device) return go("/authenticator/", { replace: true })
  bind(section)
  isTrying = false
  if (device.state === "active") return steps[device.step]?.(section, state) ?? notifications(section)
  fill(part(section, "waiting"), { check: device.check })
  asking = setTimeout(() => poll(section, id), EVERY)
}

export function leave() {
  clearTimeout(asking)
  ;[asking, codes, isTrying] = [null, null, false]
}

// A computer that has linked this phone sends the trial, and shows its number.
export function news(_section, { requests }) {
  const sent = isTrying && requests.find((one) => one.account.id === device.id && isTrial(one) && !met.has(one.id))
  if (!sent) return
  met.add(sent.id)
  go(`/authenticator/request/${sent.id}/`, { replace: true })
}

async function poll(section, id) {
  const told = await ask(device).catch(() => null)
  if (asking === null) return
  if (told?.state === "active") {
    device = await stored(id)
    return notifications(section)
  }
  if (told?.state === "refused") return part(section, "refused")
  asking = setTimeout(() => poll(section, id), EVERY)
}

function bind(section) {
  const actions = {
    "give-up": giveUp,
    next: () => trial(section),
    try: () => tryOut(section),
    skip: () => skip(section),
    download,
    share,
    "copy-codes": () => copy(section),
  }
  for (const button of all("[data-do]", section))
    button.onclick = () => busy(button, async () => actions[button.dataset.do]?.())
  const on = one('[data-push="on"]', section)
  on.onclick = () => busy(on, () => turnOn(section))
  one("#saved").onsubmit = (event) => {
    event.preventDefault()
    finish(section)
  }
}

async function giveUp() {
  await forget(device.id)
  go("/authenticator/", { replace: true })
}

async function notifications(section) {
  await push.mend().catch(() => {})
  if ((await push.state()) === "on") return trial(section)
  field(section, "needs-home-screen").hidden = !(isIOS() && !isInstalled())
  fault(section, "push-fault", push.isPossible() ? "" : push.words("impossible"))
  part(section, "notifications")
  one('[data-push="on"]', section).hidden = !push.isPossible()
}

async function turnOn(section) {
  const outcome = await push.turnOn().catch(() => "no answer")
  if (outcome === "on") return trial(section)
  fault(section, "push-fault", push.words(outcome))
}

async function trial(section, state = { requests: [] }) {
  await change(device.id, { step: "trial" })
  isTrying = true
  fault(section, "trial-fault", "")
  part(section, "trial")
  news(section, state)
}

// On one phone there is no second screen: the app shows the number first.
async function tryOut(section) {
  const told = await call(device, "POST", `devices/${device.id}/trial`).catch((failure) => {
    if (!(failure instanceof Offline)) throw failure
    return { code: "offline" }
  })
  if (told.status !== 201) return fault(section, "trial-fault", say({ offline: "offline", not_now: "test_not_now" }[told.code] ?? "fault"))
  met.add(told.id)
  fill(part(section, "trial-number"), { "trial-number": told.number })
  field(section, "trial-request").href = `/authenticator/request/${told.id}/`
}

async function skip(section) {
  isTrying = false
  await change(device.id, { step: "codes" })
  return backupCodes(section)
}

async function backupCodes(section) {
  if (!device.has_backup_codes) return done(section)
  const told = await call(device, "POST", `devices/${device.id}/backup-codes`).catch((failure) => {
    if (!(failure instanceof Offline)) throw failure
    return {}
  })
  if (!told.codes) return done(section)
  codes = told.codes
  await change(device.id, { has_backup_codes: false })
  one("#backup-codes").replaceChildren(...codes.map(line))
  one('[data-do="share"]', section).hidden = !navigator.share
  part(section, "codes")
}

function line(code) {
  const item = document.createElement("li")
  item.append(document.createElement("code"))
  item.firstChild.textContent = code
  return item
}

const asText = () =>
  [facts().product, device.owner.email, device.origin, "", ...codes.map((code, n) => `${n + 1}. ${code}`), ""].join("\n")

function download() {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob([asText()], { type: "text/plain" }))
  link.download = `${say("codes_file")}-${device.owner.id}.txt`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), SHOWN)
}

const share = () => navigator.share({ text: asText() }).catch(() => {}) // closing the sheet is no fault

async function copy(section) {
  const said = await copyText(asText(), one("#backup-codes"))
  fill(section, { copied: said })
  announce(said)
  setTimeout(() => fill(section, { copied: say("copy") }), SHOWN)
}

function finish(section) {
  const box = one("#saved-box")
  one("#saved-error").hidden = box.checked
  box.toggleAttribute("aria-invalid", false)
  if (box.checked) return done(section)
  box.setAttribute("aria-invalid", "true")
  box.focus()
}

function done(section) {
  codes = null
  one("#backup-codes").replaceChildren()
  fill(part(section, "done"), { label: nameOf(device), email: device.owner.email })
  // Asked for where it helps: browsers decide by how much the app is used.
  navigator.storage?.persist?.().catch(() => {})
}

// What is left of linking, once notifications were asked about.
const steps = { trial, codes: backupCodes }
