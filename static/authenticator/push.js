// Notifications. The app works without them: it asks by itself while it is open.

import { call, config } from "./api.js";
import { isLinked } from "./requests.js";
import { fromBase64url } from "./signed.js";
import { accounts, change } from "./store.js";
import { say } from "./words.js";

const PATIENCE = 10_000 // some browsers never settle subscribe() when they cannot reach their push service

export const isPossible = () => "PushManager" in self && "Notification" in self

// "on", "off", "blocked" or "impossible".
export async function state() {
  if (!isPossible()) return "impossible"
  if (Notification.permission === "denied") return "blocked"
  if (Notification.permission !== "granted") return "off"
  const linked = (await accounts()).filter(isLinked)
  return linked.length && linked.every(({ subscription }) => subscription === "active") ? "on" : "off"
}

export const words = (state) => say(`push_${state.replace(" ", "_")}`)

// Ask, subscribe, and tell the portal for every account. "on", "blocked", "no answer" or "refused".
export async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return "blocked"
  const subscription = await subscribe().catch(() => null)
  if (!subscription) return "no answer"
  return tell(subscription)
}

export async function subscribe({ anew = false } = {}) {
  const pushManager = await manager()
  const applicationServerKey = await vapidKey()
  if (anew) await (await pushManager.getSubscription())?.unsubscribe()
  return inTime(pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }))
}

export async function tell(subscription) {
  const body = { subscription: subscription.toJSON() }
  let outcome = "on"
  for (const account of (await accounts()).filter(isLinked)) {
    const told = await call(account, "PUT", `devices/${account.id}/subscription`, { body })
    if (told.status === 200) await change(account.id, { subscription: told.subscription, endpoint: subscription.endpoint })
    else outcome = "refused"
  }
  return outcome
}

// An account that was linked later, a push service that refused the old address, or a browser that has another by now.
export async function mend() {
  if (!isPossible() || Notification.permission !== "granted") return
  const current = await manager().then((pushManager) => pushManager.getSubscription()).catch(() => null)
  const knows = (one) => one.subscription === "active" && one.endpoint === current?.endpoint
  const lacking = (await accounts()).filter((one) => isLinked(one) && !knows(one))
  if (!lacking.length) return
  const anew = lacking.some(({ subscription }) => subscription === "renew")
  const subscription = await subscribe({ anew }).catch(() => null)
  if (subscription) await tell(subscription)
}

const manager = async () => (await inTime(self.registration ?? navigator.serviceWorker.ready)).pushManager

// Asked for each time: a portal may have another one than when this phone was linked.
async function vapidKey() {
  const { vapid_public_key } = await config()
  return fromBase64url(vapid_public_key)
}

const inTime = (promise) =>
  Promise.race([promise, new Promise((_, failed) => setTimeout(() => failed(new Error("no answer")), PATIENCE))])
