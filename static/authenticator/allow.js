// Links this phone to the account that is signed in here.

import { Offline } from "./api.js";
import { bySession } from "./link.js";
import { busy, isApart, one } from "./page.js";
import { fromPage, say } from "./words.js";

const button = one("#allow")

async function allow() {
  complain("")
  try {
    const told = await bySession(one("[name=csrfmiddlewaretoken]").value)
    if (told.status < 300) return location.replace(`/authenticator/linked/${told.id}/`)
    // Signed out meanwhile, confirmed too long ago, or to be confirmed by mail: the portal says where.
    if (told.url) return location.assign(here(told.url))
    complain(say(told.code === "too_many_devices" ? told.code : told.status === 429 ? "limit" : "fault"))
  } catch (failure) {
    if (!(failure instanceof Offline)) throw failure
    complain(say("offline"))
  }
}

// Back to this page afterwards.
function here(address) {
  const url = new URL(address, location.origin)
  url.searchParams.set("next", location.pathname)
  return url.origin === location.origin ? url.href : location.href
}

function complain(text) {
  one("#fault").hidden = !text
  one("#fault").textContent = text
}

one("#in-browser").hidden = !isApart()
await fromPage()
button.disabled = false
button.addEventListener("click", () => busy(button, allow))
