// Keys and signatures: JWS in compact form (RFC 7515) with ES256, by WebCrypto alone.

const CURVE = { name: "ECDSA", namedCurve: "P-256" }
const ES256 = { name: "ECDSA", hash: "SHA-256" }
const REQUEST_TYPE = "sallyport-request"

const bytes = (text) => new TextEncoder().encode(text)

export const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "")

export const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0))

export const digest = async (text) => base64url(await crypto.subtle.digest("SHA-256", bytes(text)))

// The private half cannot be exported, not even by this app.
export async function newKey() {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign"])
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey)
  const id = await digest(JSON.stringify({ crv, kty, x, y })) // RFC 7638: sorted, no blanks
  return { id, key: pair.privateKey, jwk: { crv, kty, x, y } }
}

export async function sign({ id, key }, claims) {
  const part = (value) => base64url(bytes(JSON.stringify(value)))
  const signed = `${part({ alg: "ES256", kid: id })}.${part(claims)}`
  return `${signed}.${base64url(await crypto.subtle.sign(ES256, key, bytes(signed)))}`
}

export const nonce = () => base64url(crypto.getRandomValues(new Uint8Array(16)))

// What the portal has signed for this account, or nothing. What stands beside the signature is never believed.
export async function verified(compact, { id, origin, server_key }) {
  try {
    const [header, payload, signature] = compact.split(".")
    const { alg, typ } = JSON.parse(new TextDecoder().decode(fromBase64url(header)))
    if (alg !== "ES256" || typ !== REQUEST_TYPE) return null
    const { kty, crv, x, y } = server_key
    const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, CURVE, false, ["verify"])
    const right = await crypto.subtle.verify(ES256, key, fromBase64url(signature), bytes(`${header}.${payload}`))
    const told = JSON.parse(new TextDecoder().decode(fromBase64url(payload)))
    return right && told.iss === origin && told.aud === id ? { ...told, digest: await digest(payload) } : null
  } catch {
    return null
  }
}
