// Asks passkeys and security keys. Every word shown comes from the HTML; the server makes and checks everything else.

const ASKING = globalThis.PublicKeyCredential
const CAN_ASK = Boolean(ASKING?.parseRequestOptionsFromJSON && ASKING.parseCreationOptionsFromJSON)
const WORDS_FOR = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "duplicate" }
const FRESH_FOR = 4 * 60 * 1000 // the server forgets a question after five minutes

let filling // the offer of passkeys in the sign-in field: a browser asks one thing at a time

// The form is sent twice: the first time the key is asked, the second time its answer goes to the server.
for (const input of document.querySelectorAll("input[data-options]")) {
  const { form } = input
  const told = input.closest("[data-key]").querySelector("[role=alert]")
  const words = told.nextElementSibling.dataset
  const announce = (text) => (document.getElementById("announce").textContent = text)
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
for (const { dataset } of document.querySelectorAll("[data-unknown-passkey]")) {
  ASKING?.signalUnknownCredential?.({ rpId: dataset.rpId, credentialId: dataset.unknownPasskey })
}

// The passkeys that count, and what they are called, for whoever keeps them.
for (const { dataset } of document.querySelectorAll("[data-passkey-signals]")) {
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
      ? await navigator.credentials.create({ publicKey: ASKING.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: ASKING.parseRequestOptionsFromJSON(options), ...how })
  return credential.toJSON()
}

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
