// Small comforts. Every page works without this file; every word shown comes from the HTML.

const all = (selector) => document.querySelectorAll(selector)
const BUSY_FOR = 8000

// Show or hide a password.
for (const button of all("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal)
  const show = (on) => {
    input.type = on ? "text" : "password"
    button.setAttribute("aria-pressed", on)
  }
  button.hidden = false
  button.addEventListener("click", () => show(input.type === "password"))
  // A password manager and the browser's form history know only password fields.
  input.form?.addEventListener("submit", () => show(false))
}

// Copy what an element says; with data-joined, without the blanks that only help the eye.
for (const button of navigator.clipboard ? all("[data-copy]") : []) {
  const label = button.querySelector("span")
  const before = label.textContent
  button.hidden = false
  button.addEventListener("click", async () => {
    const text = document.querySelector(button.dataset.copy).textContent.trim()
    await navigator.clipboard.writeText("joined" in button.dataset ? text.replace(/\s/g, "") : text)
    label.textContent = button.dataset.done
    announce(button.dataset.done)
    setTimeout(() => (label.textContent = before), 3000)
  })
}

// Print this page.
for (const button of all("[data-print]")) {
  button.hidden = false
  button.addEventListener("click", () => print())
}

// A pasted "123 456" fits the slots; a complete code sends itself, where the form asks for it.
for (const input of all("[data-code-length]")) {
  let sent
  input.addEventListener("input", () => {
    const code = input.value.replace(/[\s-]/g, "")
    if (code !== input.value) input.value = code
    if (!("autosubmit" in input.form.dataset) || code.length != input.dataset.codeLength || code === sent) return
    sent = code
    input.form.requestSubmit()
  })
}

// One click, one submission; and never a button that stays dead.
const waiting = new Map()
const wake = () => {
  for (const [button, inside] of waiting) {
    button.disabled = false
    button.replaceChildren(...inside)
  }
  waiting.clear()
}
document.addEventListener("submit", ({ target, submitter, defaultPrevented }) => {
  const button = submitter ?? target.querySelector("button:not([type=button])")
  if (!button || defaultPrevented || target.method === "get") return
  if ("download" in target.dataset) return // the page stays, and nothing tells it that the file has come
  // After the event: a disabled button would not send its own value.
  setTimeout(() => {
    waiting.set(button, [...button.childNodes])
    button.textContent = button.dataset.busy ?? document.body.dataset.busy
    button.disabled = true
    announce(button.textContent)
  })
  setTimeout(wake, BUSY_FOR)
})
addEventListener("pageshow", wake)

// An open menu closes like every other: Escape, or a click beside it.
for (const menu of all("details.menu")) {
  addEventListener("click", ({ target }) => menu.contains(target) || (menu.open = false))
  menu.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return
    menu.open = false
    menu.firstElementChild.focus()
  })
}

function announce(text) {
  document.getElementById("announce").textContent = text
}
