// What waits for an answer.

import { now } from "./clock.js";
import { busy, fault, field, fill, fromTemplate, nameOf, one } from "./page.js";
import * as push from "./push.js";
import { say } from "./words.js";

export async function enter(section, { state }) {
  const isOn = (await push.state()) === "on"
  const note = one('[data-note="push-off"]', section)
  note.hidden = isOn
  const button = one('[data-push="on"]', note)
  button.hidden = !push.isPossible()
  button.onclick = () =>
    busy(button, async () => {
      const outcome = await push.turnOn().catch(() => "no answer")
      note.hidden = outcome === "on"
      fault(section, "push-fault", outcome === "on" ? "" : push.words(outcome))
    })
  await news(section, state)
}

export async function news(section, { requests, isOffline }) {
  const list = one("#live")
  const shown = [...list.children].map(({ dataset }) => dataset.id).join()
  if (shown !== requests.map(({ id }) => id).join()) list.replaceChildren(...requests.map(card))
  one("#no-requests").hidden = Boolean(requests.length) || isOffline
  await tick(section, await now(), { requests })
}

export async function tick(section, time, { requests }) {
  for (const { id, expires_at } of requests) {
    const shown = [...one("#live").children].find(({ dataset }) => dataset.id === id)
    if (shown) fill(shown, { left: say("seconds", { count: left(expires_at, time) }) })
  }
}

export const left = (moment, time) => Math.max(0, Math.ceil((Date.parse(moment) - time) / 1000))

export const browserOf = ({ browser, system }) =>
  browser && system ? say("on", { browser, system }) : browser || system || say("unknown_browser")

export const placeOf = ({ place }) => (place ? say("near", { place }) : say("place_unknown"))

const QUESTIONS = { sign_in: "is_this_you", confirm: "is_this_you_confirming", trial: "is_test" }

export const questionOf = ({ purpose }) => say(QUESTIONS[purpose] ?? "is_this_you")

function card({ id, context, account }) {
  const made = fromTemplate("live-row")
  made.dataset.id = id
  fill(made, {
    title: questionOf(context),
    what: browserOf(context),
    place: placeOf(context),
    account: `${nameOf(account)} · ${account.owner.email}`,
  })
  field(made, "open").href = `/authenticator/request/${id}/`
  return made
}
