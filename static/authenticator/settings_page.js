// Notifications and storage.

import { busy, fault, field, one } from "./page.js";
import * as push from "./push.js";
import { accounts } from "./store.js";
import { say } from "./words.js";

export async function enter(section) {
  await drawPush(section)
  await drawStorage(section)
  const on = field(section, "push-on")
  on.onclick = () =>
    busy(on, async () => {
      const outcome = await push.turnOn().catch(() => "no answer")
      await drawPush(section)
      fault(section, "push-fault", ["on", "blocked"].includes(outcome) ? "" : push.words(outcome))
    })
  const persist = one("#persist")
  persist.onclick = () =>
    busy(persist, async () => {
      await navigator.storage.persist()
      await drawStorage(section)
    })
}

async function drawPush(section) {
  const state = await push.state()
  field(section, "push-state").textContent = push.words(state)
  field(section, "push-on").hidden = state !== "off" || !(await accounts()).length
}

async function drawStorage(section) {
  const isKept = Boolean(await navigator.storage?.persisted?.())
  field(section, "storage").textContent = say(isKept ? "storage_kept" : "storage_at_risk")
  one("#persist").hidden = isKept || !navigator.storage?.persist
}
