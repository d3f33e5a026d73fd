// Calls to the portal (docs/authenticator-protocol.md), signed by the account's own key.

import { learn, now } from "./clock.js";
import { digest, nonce, sign } from "./signed.js";

const BASE = "/api/authenticator/v1/"
const PATIENCE = 10_000

export class Offline extends Error {}

// The answer of the portal, whatever it is: {status, ...body}. Throws Offline when there is none.
export async function call(account, method, path, { body, claims, headers } = {}) {
  const send = () => once(account, method, BASE + path, { body, claims, headers })
  const answer = await send()
  // The clock may have been wrong: this answer has told the time, so the next try is signed with it.
  return answer.status === 401 && answer.code === "denied" ? send() : answer
}

export const config = () => fetched(`${BASE}config`, { credentials: "omit" })

async function once(account, method, path, { body, claims, headers }) {
  const text = body === undefined ? "" : JSON.stringify(body)
  const call = {
    aud: account.origin,
    jti: nonce(),
    iat: Math.floor((await now()) / 1000),
    method,
    path,
    body_sha256: await digest(text),
    ...claims,
  }
  return fetched(path, {
    method,
    body: text || undefined,
    // Only linking by a session is about the person who is signed in: nothing else shows the portal who that is.
    credentials: headers ? "same-origin" : "omit",
    headers: {
      ...headers,
      Authorization: `JWS ${await sign(account, call)}`,
      ...(text && { "Content-Type": "application/json" }),
    },
  })
}

async function fetched(path, options) {
  const askedAt = Date.now()
  let answer
  try {
    answer = await fetch(path, { ...options, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) })
  } catch {
    throw new Offline()
  }
  const told = await answer.json().catch(() => ({}))
  await learn(told.now ?? answer.headers.get("Date"), askedAt)
  return { ...told, status: answer.status }
}
