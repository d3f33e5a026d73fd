// Linking this phone to an account: by a pairing that a computer shows, or by a session in this very browser.

import { call, config } from "./api.js";
import { importSecret } from "./codes.js";
import { newKey } from "./signed.js";
import { accounts, change, forget, keep, set } from "./store.js";

const TOKEN = /^[A-Za-z0-9_-]{22}$/
const CODE_LENGTH = 8
const GIVEN_UP = 60_000 // by then no answer to a call is still on its way

// The token of a QR code of this portal; null for any other picture.
export function tokenOf(text) {
  const [address, token] = text.split("#")
  return address === `${location.origin}/authenticator/add/` && TOKEN.test(token) ? token : null
}

export const isCode = (typed) => typed.replace(/[\s-]/g, "").length === CODE_LENGTH

export const byPairing = (pairing) => link({ pairing }, undefined)

export const bySession = (forgeryToken) => link({}, { "X-CSRFToken": forgeryToken })

// The device as the portal knows it now, or what it said instead. The key is stored before anybody hears of it.
async function link(members, headers) {
  const told = await config()
  if (told.status !== 200) return told
  await set("digits", told.number_digits)
  const { id, key, jwk } = await newKey()
  const account = { id, key, origin: told.origin, state: "new", order: Date.now(), label: "", code: null }
  await keep(account)
  const body = { key: jwk, name: await phoneName(), subscription: null, ...members }
  const answer = await call(account, "POST", "devices", { body, headers })
  if (answer.status >= 300) await forget(id)
  else await take(id, answer)
  return answer
}

// What the portal says of a device that is being linked: its key, and the secret of its codes, are taken here only.
export async function take(id, told) {
  if (told.state === "refused") return forget(id)
  const linked = told.state === "active" && {
    owner: told.account,
    name: told.name,
    product: told.product,
    server_key: told.server_key,
    subscription: told.subscription,
    linked_at: told.linked_at,
    has_backup_codes: told.has_backup_codes,
    ...(told.code && {
      code: await importSecret(told.code.secret),
      digits: told.code.digits,
      period: told.code.period,
    }),
  }
  await change(id, { state: told.state, check: told.check, expires_at: told.expires_at, ...linked })
}

// Once more what "waiting" has become.
export async function ask(account) {
  const told = await call(account, "GET", `devices/${account.id}`)
  if (told.status === 200) await take(account.id, told)
  return told
}

// A link that was cut off: the key was made, and no answer came. The portal knows whether it took it.
export async function tidy() {
  for (const account of await accounts()) {
    if (account.state !== "new" || Date.now() - account.order < GIVEN_UP) continue
    const told = await ask(account)
    if (told.status === 401) await forget(account.id)
  }
}

async function phoneName() {
  const hints = await navigator.userAgentData?.getHighEntropyValues(["model"]).catch(() => null)
  const [device] = /iPhone|iPad/.exec(navigator.userAgent) ?? []
  const system = /Android|Windows|Mac OS|Linux|CrOS/.exec(navigator.userAgent)?.[0]
  return (hints?.model || device || system || "Phone").slice(0, 64)
}
