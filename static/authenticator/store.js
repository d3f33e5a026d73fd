// What this phone keeps: its accounts, each with keys that no script can read out, and a few settings.

const NAME = "authenticator"

const ended = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error)
  })

let opened
const database = () =>
  (opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore("accounts", { keyPath: "id" })
      request.result.createObjectStore("settings")
    }
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error)
  }))

const within = async (store, mode, work) => ended(work((await database()).transaction(store, mode).objectStore(store)))

export const accounts = async () => (await within("accounts", "readonly", (all) => all.getAll())).sort(byOrder)
export const account = (id) => within("accounts", "readonly", (all) => all.get(id))
export const keep = (one) => within("accounts", "readwrite", (all) => all.put(one))
export const forget = (id) => within("accounts", "readwrite", (all) => all.delete(id))

// Changes only what is named: another tab or the service worker may have changed the rest meanwhile.
export async function change(id, columns) {
  const transaction = (await database()).transaction("accounts", "readwrite")
  const all = transaction.objectStore("accounts")
  const before = await ended(all.get(id))
  if (!before) return
  await ended(all.put({ ...before, ...columns }))
}

export const setting = (name) => within("settings", "readonly", (all) => all.get(name))
export const set = (name, value) => within("settings", "readwrite", (all) => all.put(value, name))

const byOrder = (one, other) => one.order - other.order
