// Sign-in requests: what waits, and what this phone says to it. Used by the app and by its service worker.

import { call, Offline } from "./api.js";
import { now } from "./clock.js";
import { account as stored, accounts, change, set, setting } from "./store.js";
import { verified } from "./signed.js";

const REMEMBERED = 10 * 60 * 1000

// A request to try this phone out: nothing hangs on it.
export const isTrial = ({ context }) => context.purpose === "trial"

export const isLinked = (account) => account.state === "active"

// Every request that the portal really signed, of every account, newest last. Throws Offline if no account got through.
export async function waiting() {
  const linked = (await accounts()).filter(isLinked)
  const answers = await Promise.allSettled(linked.map(waitingFor))
  if (!answers.length && !navigator.onLine) throw new Offline() // nobody was asked
  if (answers.length && answers.every(({ reason }) => reason instanceof Offline)) throw new Offline()
  return answers.flatMap(({ value }) => value ?? [])
}

async function waitingFor(account) {
  const answer = await call(account, "POST", "requests/pending")
  if (answer.status === 401) await refresh(account)
  const told = await Promise.all((answer.requests ?? []).map(({ signed }) => verified(signed, account)))
  const late = await now()
  return told.filter((one) => one && Date.parse(one.expires_at) > late).map((one) => ({ ...one, account }))
}

// What has become of an account: renamed, turned off in the portal, or in need of a new push subscription.
export async function refresh(account) {
  const told = await call(account, "GET", `devices/${account.id}`)
  // Unknown there, or not believed: that may pass, so nothing is thrown away.
  if (told.status === 401) await change(account.id, { state: "turned_off" })
  if (told.status !== 200) return
  // The secret of its codes comes by linking alone, and the portal's key is never taken anew.
  const { state, name, turned_off_at, kept_until, subscription, account: owner } = told
  // For some days its removal can be taken back: until then the phone keeps what it would need again.
  const gone = state === "refused" || (state === "turned_off" && !kept_until)
  await change(account.id, {
    state,
    name: name ?? account.name,
    owner: owner ?? account.owner,
    subscription,
    turned_off_at,
    ...(gone && { key: null, code: null }),
  })
  return told
}

export async function decide(request, decision) {
  const { account, id } = request
  const claims = { nonce: request.nonce, request_sha256: request.digest }
  const told = await call(account, "POST", `requests/${id}/decision`, { body: decision, claims })
  if (told.status === 200) await remember(request, told)
  return told
}

// After "no" the person is asked whose sign-in it was, perhaps from a notification and in another window.
export async function answered(id) {
  const found = ((await setting("answered")) ?? []).find((one) => one.request.id === id)
  const owner = found && (await stored(found.request.account))
  return owner && { ...found, request: { ...found.request, account: owner } }
}

async function remember(request, { state }) {
  const recent = ((await setting("answered")) ?? []).filter((one) => one.at > Date.now() - REMEMBERED)
  const others = recent.filter((one) => one.request.id !== request.id)
  const kept = { ...request, account: request.account.id } // its keys are kept in one place
  await set("answered", [...others, { request: kept, state, at: Date.now() }])
}
