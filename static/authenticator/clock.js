// The portal's time. A phone whose own clock is wrong by a day works: it keeps the difference.

import { set, setting } from "./store.js";

let ahead // milliseconds to add to this phone's clock

export async function offset() {
  return (ahead ??= (await setting("offset")) ?? 0)
}

export const now = async () => Date.now() + (await offset())

// From an answer, which was on its way for a while: the middle is the best guess.
export async function learn(moment, askedAt) {
  const told = Date.parse(moment)
  if (Number.isNaN(told)) return
  const found = Math.round(told - (askedAt + Date.now()) / 2)
  if (Math.abs(found - (await offset())) < 2000) return
  ahead = found
  await set("offset", found)
}
