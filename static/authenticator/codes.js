// The six digits that sign in without a connection (RFC 6238). The secret becomes a key that cannot be read again.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
const HMAC = { name: "HMAC", hash: "SHA-1" }

export const importSecret = (base32) => crypto.subtle.importKey("raw", decoded(base32), HMAC, false, ["sign"])

export const step = (time, period) => Math.floor(time / 1000 / period)

export async function code(key, count, digits) {
  const message = new DataView(new ArrayBuffer(8))
  message.setBigUint64(0, BigInt(count))
  const hash = new DataView(await crypto.subtle.sign("HMAC", key, message.buffer))
  const number = hash.getUint32(hash.getUint8(19) & 15) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, "0")
}

export const grouped = (digits) => digits.replace(/^(\d{3})(\d{3})$/, "$1 $2")

function decoded(base32) {
  const found = []
  let [bits, held] = [0, 0]
  for (const letter of base32.replace(/=+$/, "")) {
    bits = (bits << 5) | ALPHABET.indexOf(letter)
    held += 5
    if (held >= 8) found.push((bits >>> (held -= 8)) & 255)
    bits &= 255
  }
  return Uint8Array.from(found)
}
