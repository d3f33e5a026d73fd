// Linking to an account that a computer shows: by its QR code, or by the code beside it.

import { Offline } from "./api.js";
import * as link from "./link.js";
import { busy, facts, fault, field, go, isInstalled, one, part } from "./page.js";
import * as scanner from "./scan.js";
import { say } from "./words.js";

const FAULTS = { already_linked: "already_linked", too_many_devices: "too_many_devices", not_found: "no_pairing" }
let camera

export async function enter(section) {
  const token = link.tokenOf(location.href)
  // Out of the address at once: a reload, the history and the next link must not carry it.
  if (location.hash) history.replaceState(null, "", location.pathname)
  bind(section)
  one("#scan").hidden = !scanner.isPossible(facts().decoder)
  if (!token) return part(section, "ways")
  part(section, "token")
  field(section, "in-browser").hidden = isInstalled()
  one("#use-token").onclick = () => busy(one("#use-token"), () => pair(token, (text) => fault(section, "token-fault", text)))
}

export function leave() {
  camera?.stop()
  camera = null
}

function bind(section) {
  one("#scan").onclick = () => busy(one("#scan"), () => start(section))
  one("#stop-scan").onclick = () => {
    leave()
    part(section, "ways")
    one("#pairing-code").focus()
  }
  one("#pair").onsubmit = (event) => {
    event.preventDefault()
    const button = one("#pair button")
    busy(button, () => typed(one("#pairing-code").value))
  }
}

function typed(code) {
  if (!link.isCode(code)) return complain(say("code_length"))
  return pair(code, complain)
}

function complain(text) {
  const place = one("#pairing-error")
  const input = one("#pairing-code")
  place.hidden = !text
  place.textContent = text
  input.toggleAttribute("aria-invalid", false)
  if (!text) return
  input.setAttribute("aria-invalid", "true")
  input.focus()
}

async function start(section) {
  part(section, "scanner")
  fault(section, "scan-fault", "")
  field(section, "camera-fault").hidden = true
  try {
    camera = await scanner.scan(one("#camera"), facts().decoder, (text) => found(section, text))
  } catch {
    leave()
    part(section, "ways")
    one("#scan").hidden = true
    field(section, "camera-fault").hidden = false
    return one("#pairing-code").focus()
  }
  const torch = one("#torch")
  torch.hidden = !camera.hasTorch
  torch.onclick = () => {
    const isOn = torch.getAttribute("aria-pressed") !== "true"
    torch.setAttribute("aria-pressed", isOn)
    camera.torch(isOn)
  }
}

function found(section, text) {
  const token = link.tokenOf(text)
  if (!camera) return
  if (!token) return fault(section, "scan-fault", say("not_ours"))
  leave()
  return pair(token, (fault_text) => {
    part(section, "ways")
    complain(fault_text)
  })
}

async function pair(secret, refuse) {
  refuse("")
  try {
    const told = await link.byPairing(secret)
    if (told.status < 300) return go(`/authenticator/linked/${told.id}/`, { replace: true })
    refuse(say(FAULTS[told.code] ?? (told.status === 429 ? "limit" : "fault")))
  } catch (failure) {
    if (!(failure instanceof Offline)) throw failure
    refuse(say("offline"))
  }
}
