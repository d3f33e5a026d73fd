// The app: shows the view of an address, keeps the service worker, and asks for requests while it is open.

import * as account from "./account_page.js";
import * as add from "./add_page.js";
import { Offline } from "./api.js";
import { now, offset } from "./clock.js";
import * as codes from "./codes_page.js";
import * as install from "./install_page.js";
import { tidy } from "./link.js";
import * as linked from "./linked_page.js";
import { all, announce, facts, focusOn, go, isApart, isInstalled, one } from "./page.js";
import { mend } from "./push.js";
import * as request from "./request_page.js";
import { refresh, waiting } from "./requests.js";
import * as requests from "./requests_page.js";
import * as settings from "./settings_page.js";
import { accounts } from "./store.js";
import { duration, fromPage, say } from "./words.js";

const APP = "/authenticator/"
const EVERY = 3000
const REFRESH_EVERY = 5 * 60_000
const OFF = 60_000 // a clock that is off by less does no harm
const ROUTES = [
  [/^$/, "codes", codes],
  [/^requests\/$/, "requests", requests],
  [/^request\/([\w-]+)\/$/, "request", request],
  [/^add\/$/, "add", add],
  [/^linked\/([\w-]+)\/$/, "linked", linked],
  [/^account\/([\w-]+)\/$/, "account", account],
  [/^settings\/$/, "settings", settings],
  [/^install\/$/, "install", install],
]
const HOME = ["codes", "requests", "welcome"] // from where a request that comes in may take over

const state = { requests: [], isOffline: !navigator.onLine }
const seen = new Set()
let current = {}
let asking

async function show({ isFirst = false } = {}) {
  const path = location.pathname.slice(APP.length)
  let [pattern, name, view] = ROUTES.find(([pattern]) => pattern.test(path)) ?? ROUTES[0]
  const known = await accounts()
  if (!known.some(({ state }) => state !== "new") && ["codes", "requests"].includes(name)) {
    one('[data-note="elsewhere"]').hidden = name !== "requests"
    ;[name, view] = ["welcome", {}]
  }
  current.view?.leave?.()
  const section = one(`[data-view="${name}"]`)
  current = { name, view, section }
  for (const each of all(".view")) each.hidden = each !== section
  document.title = `${section.dataset.title} – ${facts().product}`
  one("#tabs").hidden = !["codes", "requests", "settings"].includes(name)
  for (const tab of all("[data-tab]")) tab.toggleAttribute("aria-current", false)
  one(`[data-tab="${name}"]`)?.setAttribute("aria-current", "page")
  await view.enter?.(section, { argument: pattern.exec(path)?.[1], state, isFirst, look })
  const heading = one("h1:not([hidden] *)", section)
  if (!isFirst && heading && !section.contains(document.activeElement)) focusOn(heading)
  await tell()
}

// What a view shows anew when a request has come or gone, or the connection has.
async function tell() {
  const off = await offset()
  for (const note of all('[data-note="offline"]')) note.hidden = !state.isOffline
  for (const link of all("[data-online]")) {
    link.toggleAttribute("aria-disabled", state.isOffline)
    if (state.isOffline) link.setAttribute("aria-disabled", "true")
  }
  for (const note of all('[data-note="clock"]')) {
    note.hidden = Math.abs(off) < OFF
    one("p", note).textContent = say("clock_off", { time: duration(off) })
  }
  const count = one("#count")
  count.hidden = !state.requests.length
  count.textContent = state.requests.length || ""
  current.view?.news?.(current.section, state)
}

// One question at a time; another one when the last is answered, sooner if somebody wants to know now.
async function look() {
  clearTimeout(asking)
  if (document.visibilityState !== "visible") return
  try {
    state.requests = await waiting()
    state.isOffline = false
  } catch (failure) {
    if (!(failure instanceof Offline)) throw failure
    state.isOffline = true
    state.requests = state.requests.filter(({ expires_at }) => Date.parse(expires_at) > Date.now())
  } finally {
    clearTimeout(asking)
    asking = setTimeout(look, EVERY)
  }
  const fresh = state.requests.filter(({ id }) => !seen.has(id))
  for (const { id } of state.requests) seen.add(id)
  badge()
  if (fresh.length && HOME.includes(current.name)) go(`${APP}request/${fresh.at(-1).id}/`)
  else {
    if (fresh.length && current.name !== "request") announce(say("arrived"))
    await tell()
  }
}

const badge = () =>
  (state.requests.length ? navigator.setAppBadge?.(state.requests.length) : navigator.clearAppBadge?.())?.catch(() => {})

// What has happened to the accounts in the portal since the app was last open.
async function catchUp() {
  try {
    await tidy()
    for (const one of await accounts()) if (one.key && ["active", "turned_off"].includes(one.state)) await refresh(one)
    await mend()
  } catch (failure) {
    if (!(failure instanceof Offline)) throw failure
  }
  if (HOME.includes(current.name)) await current.view.enter?.(current.section, { state, look })
}

async function keepWorker() {
  if (!("serviceWorker" in navigator)) return
  const { worker, scope } = facts()
  const createScriptURL = (url) => {
    if (url !== worker) throw new TypeError(url)
    return url
  }
  const policy = self.trustedTypes?.createPolicy("sw", { createScriptURL }) ?? { createScriptURL }
  const options = { scope, type: "module", updateViaCache: "none" }
  // A worker of earlier is there already, and registering can take seconds: what it says meanwhile is heard.
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data.type === "look") look()
    if (data.type === "open") go(data.url)
  })
  const registration = await navigator.serviceWorker.register(policy.createScriptURL(worker), options)
  await registration.update()
}

// Links between views load nothing. One that needs the portal does nothing without a connection.
addEventListener("click", (event) => {
  const link = event.target.closest("a[href]")
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return
  if (link.getAttribute("aria-disabled") === "true") {
    event.preventDefault()
    announce(say("offline"))
  } else if (link.origin === location.origin && isView(link.pathname) && !link.hash) {
    event.preventDefault()
    go(link.href)
  }
})

const isView = (pathname) =>
  pathname.startsWith(APP) && ROUTES.some(([pattern]) => pattern.test(pathname.slice(APP.length)))

async function start() {
  addEventListener("popstate", () => show())
  addEventListener("online", look)
  addEventListener("offline", () => {
    state.isOffline = true
    tell()
  })
  document.addEventListener("visibilitychange", look)
  setInterval(async () => current.view?.tick?.(current.section, await now(), state), 1000)
  setInterval(catchUp, REFRESH_EVERY)
  await fromPage()
  offerInstalling()
  await show({ isFirst: true })
  document.body.dataset.ready = ""
  keepWorker().catch(() => {}) // without it the app works, but not without a connection
  await look()
  await catchUp()
}

function offerInstalling() {
  one("[data-install-first]").hidden = !isApart()
  one(".ways [data-online]").classList.toggle("sec", isApart())
  one("[data-unless-installed]").hidden = isApart() || isInstalled()
}

// Without HTTPS browsers give a page neither keys nor a service worker.
if (isSecureContext) await start()
else one("#insecure").hidden = false
