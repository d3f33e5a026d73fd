// The codes of all accounts.

import { now } from "./clock.js";
import { code, grouped, step } from "./codes.js";
import { all, announce, copyText, field, fill, fromTemplate, nameOf, one } from "./page.js";
import { accounts, change, forget } from "./store.js";
import { day, say } from "./words.js";

const SHOWN = 3000
let rows = []
let isOrdering = false

export async function enter(section) {
  const known = (await accounts()).filter(({ state }) => ["active", "turned_off", "waiting"].includes(state))
  const list = one("#accounts")
  const focused = list.contains(document.activeElement) && place(document.activeElement)
  rows = known.filter(({ state }) => state !== "waiting").map((account) => ({ account, row: row(account, section) }))
  list.replaceChildren(...rows.map(({ row }) => row))
  const order = one("#order")
  order.hidden = rows.length < 2
  isOrdering &&= rows.length > 1
  order.onclick = () => {
    isOrdering = !isOrdering
    draw()
  }
  draw()
  await tick(section, await now())
  if (focused) refocus(list, focused)
}

function draw() {
  one("#order").setAttribute("aria-pressed", isOrdering)
  for (const [index, { row }] of rows.entries()) {
    const moves = field(row, "moves")
    if (!moves) continue
    moves.hidden = !isOrdering
    field(row, "up").disabled = index === 0
    field(row, "down").disabled = index === rows.length - 1
  }
}

function row(account, section) {
  const name = nameOf(account)
  const isOff = account.state === "turned_off"
  const made = fromTemplate(isOff ? "account-off" : "account-row")
  made.dataset.id = account.id
  if (isOff) {
    const since = account.turned_off_at
    fill(made, {
      label: name,
      since: since ? say("turned_off_on", { day: day(since) }) : say("turned_off"),
      "remove-name": ` ${name}`,
    })
    field(made, "remove").onclick = () => remove(account, section)
    return made
  }
  fill(made, { label: name, email: account.owner.email, "up-name": ` ${name}`, "down-name": ` ${name}` })
  field(made, "open").href = `/authenticator/account/${account.id}/`
  const copy = field(made, "copy")
  copy.setAttribute("aria-label", say("copy_code", { name }))
  copy.hidden = false
  copy.onclick = () => copyCode(made)
  field(made, "up").onclick = () => move(account, -1, section)
  field(made, "down").onclick = () => move(account, 1, section)
  return made
}

export async function tick(section, time) {
  for (const shown of rows) {
    const { account, row } = shown
    if (!account.code || !field(row, "code")) continue
    const count = step(time, account.period)
    if (count !== shown.count) {
      shown.count = count
      field(row, "code").textContent = grouped(await code(account.code, count, account.digits))
    }
    const left = account.period - (Math.floor(time / 1000) % account.period)
    const ring = field(row, "ring")
    ring.setAttribute("aria-label", say("changes_in", { count: left }))
    ring.lastElementChild.setAttribute("stroke-dasharray", `${(left / account.period) * 100} 100`)
    ring.classList.toggle("soon", left <= 5)
  }
}

async function copyCode(row) {
  const said = await copyText(field(row, "code").textContent.replace(/\s/g, ""), field(row, "code"))
  announce(said)
  row.classList.add("copied")
  row.dataset.copied = said
  setTimeout(() => row.classList.remove("copied"), SHOWN)
}

async function move(account, by, section) {
  const order = rows.map((each) => each.account)
  const from = order.findIndex(({ id }) => id === account.id)
  order.splice(from, 1)
  order.splice(from + by, 0, account)
  for (const [index, { id }] of order.entries()) await change(id, { order: index })
  await enter(section)
  announce(say(by < 0 ? "moved_up" : "moved_down", { name: nameOf(account) }))
}

async function remove(account, section) {
  await forget(account.id)
  announce(say("removed", { name: nameOf(account) }))
  dispatchEvent(new PopStateEvent("popstate"))
}

// The list is drawn anew: the same button of the same account keeps the focus.
const place = (element) => ({ id: element.closest("[data-id]")?.dataset.id, name: element.dataset.f })

function refocus(list, { id, name }) {
  const row = [...all("[data-id]", list)].find((each) => each.dataset.id === id)
  const wanted = row && field(row, name)
  const usable = wanted?.disabled ? field(row, name === "up" ? "down" : "up") : wanted
  usable?.focus()
}
