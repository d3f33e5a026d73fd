// The service worker: keeps the app's own files for when there is no connection, and turns a nudge into a notification.

import { decide, isTrial, waiting } from "./requests.js";
import * as push from "./push.js";
import { fromStore, say } from "./words.js";

const APP = "/authenticator/"
const SHELL_PATIENCE = 2000
const LATEST = "sign-in request"
const ALERT = "alert"

let drawn // addresses of the pictures on a notification
let activity // the page of the portal that says what has happened
let apart // addresses below the app's that are pages of the portal: none of them listens to the worker

// Of the portal only the app's files and its empty shell are kept: no page of a person, no answer of the API.
export function start({ version, shell, files, online, icons, happened }) {
  ;[drawn, apart, activity] = [icons, online, happened]
  const cacheName = `authenticator-${version}`

  self.addEventListener("install", (event) => {
    event.waitUntil(fill().then(() => self.skipWaiting()))
  })

  self.addEventListener("activate", (event) => {
    event.waitUntil(dropOthers().then(() => self.clients.claim()))
  })

  self.addEventListener("fetch", (event) => {
    const { request } = event
    const { origin, pathname } = new URL(request.url)
    if (request.method !== "GET" || origin !== location.origin) return
    if (files.includes(pathname)) event.respondWith(kept(pathname, request))
    else if (request.mode === "navigate" && isApp(pathname)) event.respondWith(fresh(request))
  })

  self.addEventListener("push", (event) => event.waitUntil(isRequest(event.data) ? tell() : alertOwner()))

  self.addEventListener("notificationclick", (event) => {
    event.notification.close()
    const { id } = event.notification.data ?? {}
    if (event.notification.tag === ALERT) event.waitUntil(self.clients.openWindow(activity))
    else event.waitUntil(event.action === "no" ? block(id) : open(id))
  })

  self.addEventListener("pushsubscriptionchange", (event) => {
    event.waitUntil(move(event.newSubscription))
  })

  async function fill() {
    const cache = await caches.open(cacheName)
    await cache.addAll([shell, ...files].map((url) => new Request(url, { cache: "reload", credentials: "same-origin" })))
  }

  async function dropOthers() {
    const names = await caches.keys()
    await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)))
  }

  async function kept(pathname, request) {
    return (await (await caches.open(cacheName)).match(pathname)) ?? fetch(request)
  }

  // The newest shell while there is a connection that deserves the name; else the kept one, with the files it knows.
  async function fresh(request) {
    const cache = await caches.open(cacheName)
    try {
      const signal = AbortSignal.timeout(SHELL_PATIENCE)
      return await fetch(request, { signal })
    } catch {
      return (await cache.match(shell)) ?? Response.error()
    }
  }
}

// What has another purpose, one of a later version too, is shown as an alert: browsers want something to be shown.
function isRequest(data) {
  try {
    const { purpose } = data.json()
    return purpose === undefined
  } catch {
    return true // it was not for us to read, but something may wait
  }
}

// What has happened, and to which account, stands on a page of the portal, for whoever is signed in there.
async function alertOwner() {
  await fromStore()
  await notify({ title: say("alert_title"), body: say("alert_body"), data: {}, tag: ALERT })
}

// A nudge names no account and no fact: what is shown was asked for, and was signed by the portal.
async function tell() {
  await fromStore()
  const found = await waiting().catch(() => null)
  badge(found?.length)
  for (const client of await windows()) client.postMessage({ type: "look" })
  if (!found?.length) return notify({ title: say("request_title"), body: say("request_perhaps"), data: {} })
  for (const request of found) {
    const { id, context } = request
    await notify({
      title: say(isTrial(request) ? "test_title" : "request_title"),
      body: say(context.place ? "request_near" : "request_from", context),
      data: { id },
      actions: isTrial(request) ? [] : [{ action: "no", title: say("no") }],
    })
  }
}

async function block(id) {
  await fromStore()
  const request = (await waiting().catch(() => [])).find((one) => one.id === id)
  const told = request && (await decide(request, { decision: "no" }).catch(() => null))
  badge(0)
  if (told?.status !== 200) return open(id)
  await notify({ title: say("blocked"), body: say("blocked_who"), data: { id } })
}

// Some browsers bring the new subscription, others want to be asked for one.
const move = async (given) => push.tell(given ?? (await push.subscribe()))

async function open(id) {
  const url = id ? `${APP}request/${id}/` : `${APP}requests/`
  const [client] = await windows()
  if (!client) return self.clients.openWindow(url)
  client.postMessage({ type: "open", url })
  return client.focus().catch(() => self.clients.openWindow(url))
}

const windows = async () => {
  const all = await self.clients.matchAll({ type: "window", includeUncontrolled: true })
  return all.filter(({ url }) => isApp(new URL(url).pathname))
}

const isApp = (pathname) => pathname.startsWith(APP) && !apart.includes(pathname)

const notify = ({ title, ...options }) =>
  self.registration.showNotification(title, {
    tag: options.data.id ?? LATEST, // what is said later about a request takes the place of what was said before
    renotify: true,
    requireInteraction: true,
    ...options,
    ...drawn,
  })

// Waited for by nobody: a browser that does not draw a number must not cost the notification.
const badge = (count) =>
  (count ? self.navigator.setAppBadge?.(count) : self.navigator.clearAppBadge?.())?.catch(() => {})
