// Small comforts, and passkeys. Every page works without this file, or says what needs it; all words come from the HTML.

const all = (selector) => document.querySelectorAll(selector)
const BUSY_FOR = 8000

// Show or hide a password.
for (const button of all("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal)
  const show = (on) => {
    input.type = on ? "text" : "password"
    button.setAttribute("aria-pressed", on)
  }
  button.hidden = false
  button.addEventListener("click", () => show(input.type === "password"))
  // A password manager and the browser's form history know only password fields.
  input.form?.addEventListener("submit", () => show(false))
}

// Copy what an element says; with data-joined, without the blanks that only help the eye. A browser may refuse: then the
// text is selected, for the keys or the menu that always work.
for (const button of all("[data-copy]")) {
  const label = button.querySelector("span")
  const before = label.textContent
  button.hidden = false
  button.addEventListener("click", async () => {
    const from = document.querySelector(button.dataset.copy)
    const text = from.textContent.trim()
    const wanted = "joined" in button.dataset ? text.replace(/\s/g, "") : text.replace(/\s*\n\s*/g, "\n")
    const isCopied = await copied(wanted)
    if (!isCopied) getSelection().selectAllChildren(from)
    label.textContent = isCopied ? button.dataset.done : document.body.dataset.selected
    announce(label.textContent)
    setTimeout(() => (label.textContent = before), isCopied ? 3000 : 10000)
  })
}

// Print this page.
for (const button of all("[data-print]")) {
  button.hidden = false
  button.addEventListener("click", () => print())
}

// A pasted "123 456" fits the slots; a complete code sends itself, where the form asks for it. Digits alone, of any
// script: a security key that is touched types letters, and the server reads whatever else there may be.
for (const input of all("[data-code-length]")) {
  let sent
  input.addEventListener("input", ({ isComposing }) => {
    const code = input.value.replace(/[\s\p{Pd}\p{Cf}]/gu, "")
    if (isComposing || !/^\p{Nd}+$/u.test(code)) return
    if (code !== input.value) input.value = code
    if (!("autosubmit" in input.form.dataset) || [...code].length != input.dataset.codeLength || code === sent) return
    sent = code
    input.form.requestSubmit()
  })
}

// One click, one submission; and never a button that stays dead.
const waiting = new Map()
const wake = () => {
  for (const [button, inside] of waiting) {
    button.disabled = false
    button.replaceChildren(...inside)
  }
  waiting.clear()
}
document.addEventListener("submit", ({ target, submitter, defaultPrevented }) => {
  const button = submitter ?? target.querySelector("button:not([type=button])")
  if (!button || defaultPrevented || target.method === "get") return
  if ("download" in target.dataset) return // the page stays, and nothing tells it that the file has come
  // After the event: a disabled button would not send its own value.
  setTimeout(() => {
    waiting.set(button, [...button.childNodes])
    button.textContent = button.dataset.busy ?? document.body.dataset.busy
    button.disabled = true
    announce(button.textContent)
  })
  setTimeout(wake, BUSY_FOR)
})
addEventListener("pageshow", wake)

// An open menu closes like every other: Escape, or a click beside it.
for (const menu of all("details.menu")) {
  addEventListener("click", ({ target }) => menu.contains(target) || (menu.open = false))
  menu.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return
    menu.open = false
    menu.firstElementChild.focus()
  })
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

function announce(text) {
  document.getElementById("announce").textContent = text
}

// ── Passkeys and security keys: asked here, everything else is made and checked by the server. ──

const ASKING = globalThis.PublicKeyCredential
const CAN_ASK = Boolean(ASKING && navigator.credentials)
// SecurityError: keys belong to one host name, and this page has another.
const WORDS_FOR = {
  NotAllowedError: "cancelled",
  AbortError: "cancelled",
  InvalidStateError: "duplicate",
  SecurityError: "elsewhere",
}
const FRESH_FOR = 4 * 60 * 1000 // the server forgets a question after five minutes

let filling // the offer of passkeys in the sign-in field: a browser asks one thing at a time

// The form is sent twice: the first time the key is asked, the second time its answer goes to the server.
for (const input of all("input[data-options]")) {
  const { form } = input
  const told = input.closest("[data-key]").querySelector("[role=alert]")
  const words = told.nextElementSibling.dataset
  let isAsking = false

  const say = (text) => {
    told.hidden = !text
    told.querySelector("span").textContent = text
    if (text) told.focus()
  }
  const send = (credential, submitter) => {
    input.value = JSON.stringify(credential)
    form.requestSubmit(submitter)
  }
  form.addEventListener("submit", async (event) => {
    if (input.value) return
    event.preventDefault()
    if (isAsking) return
    if (!CAN_ASK) return say(words.missing)
    isAsking = true
    filling?.abort()
    say("")
    announce(words.waiting)
    try {
      send(await ask(input), event.submitter)
    } catch (error) {
      say(words[WORDS_FOR[error.name]] ?? words.failed)
      offer()
    } finally {
      isAsking = false
      announce("")
    }
  })

  // Passkeys in the list that the browser offers in the field for the name; a new question before the old one is over.
  const offer = async () => {
    if (!("autofill" in input.dataset) || !CAN_ASK || !(await ASKING.isConditionalMediationAvailable?.())) return
    filling?.abort()
    const { signal } = (filling = new AbortController())
    setTimeout(() => signal.aborted || isAsking || whenSeen(offer), FRESH_FOR)
    try {
      send(await ask(input, { mediation: "conditional", signal }))
    } catch {
      // Nobody asked for anything, so nothing is said.
    }
  }
  offer()

  // Back from the next page: an answer counts once.
  addEventListener("pageshow", ({ persisted }) => {
    input.value = ""
    if (persisted) offer()
  })
}

// A passkey that no account has: its owner should not be offered it again.
for (const { dataset } of all("[data-unknown-passkey]")) {
  ASKING?.signalUnknownCredential?.({ rpId: dataset.rpId, credentialId: dataset.unknownPasskey })
}

// The passkeys that count, and what they are called, for whoever keeps them.
for (const { dataset } of all("[data-passkey-signals]")) {
  if (ASKING?.signalAllAcceptedCredentials) signal(dataset.passkeySignals)
}

async function signal(url) {
  const reply = await fetch(url)
  if (reply.status !== 200 || reply.redirected) return
  const { rpId, userId, allAcceptedCredentialIds, name, displayName } = await reply.json()
  await ASKING.signalAllAcceptedCredentials({ rpId, userId, allAcceptedCredentialIds })
  await ASKING.signalCurrentUserDetails({ rpId, userId, name, displayName })
}

async function ask(input, how = {}) {
  const options = await fetchOptions(input, how.signal)
  const credential =
    input.dataset.ask === "create"
      ? await navigator.credentials.create({ publicKey: read("parseCreationOptionsFromJSON", options) })
      : await navigator.credentials.get({ publicKey: read("parseRequestOptionsFromJSON", options), ...how })
  return credential.toJSON ? credential.toJSON() : asJSON(credential)
}

// Browsers that know passkeys, but not yet how to read and write them as JSON (Safari 18.0 to 18.3, Chrome 128).
function read(parser, options) {
  if (ASKING[parser]) return ASKING[parser](options)
  const named = (list) => list?.map((each) => ({ ...each, id: bytes(each.id) }))
  const { user, allowCredentials, excludeCredentials } = options
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(user && { user: { ...user, id: bytes(user.id) } }),
    ...(allowCredentials && { allowCredentials: named(allowCredentials) }),
    ...(excludeCredentials && { excludeCredentials: named(excludeCredentials) }),
  }
}

function asJSON(credential) {
  const { id, rawId, type, authenticatorAttachment, response } = credential // on its prototype: no spreading
  const told = {}
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) told[name] = base64url(response[name])
  }
  if (response.getTransports) told.transports = response.getTransports()
  return { id, rawId: base64url(rawId), type, authenticatorAttachment, response: told, clientExtensionResults: credential.getClientExtensionResults() }
}

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0))
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")

async function fetchOptions({ dataset, form }, signal) {
  const reply = await fetch(dataset.options, {
    method: "POST",
    headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    signal,
  })
  if (reply.redirected) location.assign(reply.url) // a sign-in that is over, or a confirmation that is due
  if (reply.redirected || !reply.ok) throw new Error(reply.status)
  return reply.json()
}

function whenSeen(act) {
  if (document.visibilityState === "visible") return act()
  document.addEventListener("visibilitychange", act, { once: true })
}
