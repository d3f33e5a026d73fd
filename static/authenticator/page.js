// One page, many addresses: which view is shown, and the few things that views do to it.

import { say } from "./words.js";

export const one = (selector, root = document) => root.querySelector(selector)
export const all = (selector, root = document) => root.querySelectorAll(selector)
export const field = (root, name) => one(`[data-f="${name}"]`, root)

export const facts = () => JSON.parse(one("#facts").textContent)

// Text by name; what has none is emptied. Never markup.
export const fill = (root, texts) => {
  for (const [name, text] of Object.entries(texts)) field(root, name).textContent = text ?? ""
}

export const fromTemplate = (id) => one(`#${id}`).content.firstElementChild.cloneNode(true)

// Of the parts of a view one is shown; whoever cannot see the change is taken to its heading.
export function part(view, name) {
  for (const each of all("[data-part]", view)) each.hidden = each.dataset.part !== name
  const shown = one(`[data-part="${name}"]`, view)
  focusOn(one("h1", shown))
  return shown
}

export function focusOn(heading) {
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
  scrollTo(0, 0)
}

export function announce(text) {
  one("#announce").textContent = text
}

// Copies the text and says so; where the browser refuses, what shows it is selected.
export async function copyText(text, shown) {
  try {
    await navigator.clipboard.writeText(text)
    return say("copied")
  } catch {
    getSelection().selectAllChildren(shown)
    return say("selected")
  }
}

export function fault(root, name, text) {
  const place = field(root, name)
  place.hidden = !text
  ;(one("span", place) ?? place).textContent = text ?? ""
}

// A button that is at work cannot be pressed again.
export async function busy(button, work) {
  if (button.disabled) return
  button.disabled = true
  try {
    return await work()
  } finally {
    button.disabled = false
  }
}

export const isInstalled = () => matchMedia("(display-mode: standalone)").matches || navigator.standalone === true

export const isIOS = () =>
  /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1)

// There the app on the home screen has nothing of what the browser has: who links in the browser does it in vain.
export const isApart = () => isIOS() && !isInstalled()

export const isAndroid = () => /Android/.test(navigator.userAgent)

export const initials = (name) => {
  const words = name.split(/\s+/).filter(Boolean)
  return [words[0], words.slice(1).at(-1)].map((word) => word?.[0] ?? "").join("").toUpperCase()
}

export const nameOf = (account) => account.label || account.owner?.name || ""

// To another view; the router listens.
export function go(path, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", path)
  dispatchEvent(new PopStateEvent("popstate"))
}
