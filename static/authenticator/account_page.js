// One account: what it is called here, and how it leaves this phone.

import { announce, fill, go, nameOf, one } from "./page.js";
import { account as stored, change } from "./store.js";
import { day, say } from "./words.js";

export async function enter(section, { argument: id }) {
  const account = await stored(id)
  if (!account?.owner) return go("/authenticator/", { replace: true })
  fill(section, {
    label: nameOf(account),
    email: account.owner.email,
    phone: account.name,
    linked: say("linked_on", { day: day(account.linked_at) }),
  })
  one("#label").value = nameOf(account)
  one("#rename").onsubmit = async (event) => {
    event.preventDefault()
    const label = one("#label").value.trim()
    await change(id, { label: label === account.owner.name ? "" : label })
    fill(section, { label: label || account.owner.name })
    announce(say("saved"))
    one("#rename button").textContent = say("saved")
  }
  one("#label").oninput = () => {
    one("#rename button").textContent = say("save_name")
  }
  one("#rename button").textContent = say("save_name")
}
