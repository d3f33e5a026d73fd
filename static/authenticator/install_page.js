// How the app gets onto the home screen of this kind of phone.

import { all, field, isAndroid, isInstalled, isIOS, one } from "./page.js";

const [MAJOR, MINOR] = [16, 4] // of iOS: from then on an app on the home screen gets pushes

let offered // the browser's own way, if it has one

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault()
  offered = event
  offer()
})
addEventListener("appinstalled", () => {
  offered = null
  draw(one('[data-view="install"]'))
})

export function enter(section) {
  draw(section)
  one("#install").onclick = async () => {
    await offered?.prompt()
    offered = null
    offer()
  }
}

function draw(section) {
  const shown = platforms()
  for (const each of all("[data-platform]", section)) each.hidden = !shown.includes(each.dataset.platform)
  field(section, "old-ios").hidden = !isTooOld()
  offer()
}

function platforms() {
  if (isInstalled()) return ["installed"]
  if (isIOS()) return ["ios"]
  return isAndroid() ? ["android"] : ["computer", "android", "ios"]
}

function offer() {
  one("#install").hidden = !offered
  field(document, "by-menu").hidden = Boolean(offered)
}

function isTooOld() {
  const [, major, minor] = /OS (\d+)_(\d+)/.exec(navigator.userAgent) ?? []
  return isIOS() && Boolean(major) && (Number(major) < MAJOR || (Number(major) === MAJOR && Number(minor) < MINOR))
}
