// What is said to people comes from the server, in their language; here are only its keys.

import { set, setting } from "./store.js";

let words, language

// The service worker has no page to read from: the page leaves it the words.
export async function fromPage() {
  words = JSON.parse(document.getElementById("words").textContent)
  language = document.documentElement.lang
  const { words: kept } = (await setting("words")) ?? {}
  if (JSON.stringify(kept) !== JSON.stringify(words)) await set("words", { words, language })
}

export async function fromStore() {
  ;({ words, language } = (await setting("words")) ?? { words: {}, language: "en" })
}

// say("asked", {count: 12}): a pair of texts is for one and for several.
export function say(key, values = {}) {
  const text = words[key] ?? ""
  const form = Array.isArray(text) ? text[new Intl.PluralRules(language).select(values.count) === "one" ? 0 : 1] : text
  return form.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
}

export const day = (moment) =>
  new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { day: "numeric", month: "short" }).format(new Date(moment))

// How far a clock is off: "2 min", "24 hr", "3 days".
export function duration(milliseconds) {
  const minutes = Math.max(1, Math.round(Math.abs(milliseconds) / 60_000))
  const [value, unit] =
    minutes < 90 ? [minutes, "minute"] : minutes < 2880 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"]
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(value)
}
