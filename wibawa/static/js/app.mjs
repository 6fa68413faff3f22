// What every page gets: shortcuts, the guard against a double press, row density, kept drafts.
// Everything works without this file; it only makes the keyboard faster.

const page = document;
const store = safeStore();

function safeStore() {
  try {
    localStorage.setItem("wibawa:try", "1");
    localStorage.removeItem("wibawa:try");
    return localStorage;
  } catch {
    return null;
  }
}

// ---------------------------------------------------------------- shortcuts

const typing = (element) =>
  element.closest("input, textarea, select, [contenteditable]") !== null;

function focusSearch() {
  const box = page.getElementById("search-box");
  if (!box) return false;
  box.focus();
  box.select();
  return true;
}

function mainForm() {
  const here = page.activeElement?.closest("main form[method='post']");
  return here ?? page.querySelector("main form[data-main]") ?? page.querySelector("main form[method='post']");
}

function sendMainForm() {
  const form = mainForm();
  if (!form) return false;
  const button = form.querySelector("button[data-main]") ?? form.querySelector("button[type='submit'], button:not([type])");
  if (button) form.requestSubmit(button);
  else form.requestSubmit();
  return true;
}

function enterMovesOn(event) {
  const field = event.target;
  const form = field.closest("main form[method='post']");
  if (!form || form.closest(".gate") || !field.matches("input:not([type='submit']):not([type='button']):not([type='file']), select")) return;
  const stops = [...form.elements].filter(
    (element) => element.type !== "hidden" && !element.disabled && element.tabIndex >= 0 && element.matches("input, select, textarea, button[type='submit']"),
  );
  const group = (element) => (element.type === "radio" ? `radio:${element.name}` : element);
  const place = stops.indexOf(field);
  const next = stops.slice(place + 1).find((element) => group(element) !== group(field) && (element.type !== "radio" || element.checked || !form.querySelector(`input[name='${CSS.escape(element.name)}']:checked`)));
  if (!next || (next.type === "submit" && !stops.some((element) => element !== field && element.type !== "submit"))) return; // a single field is sent at once
  event.preventDefault();
  next.focus();
  if (next.matches("input[type='text'], input:not([type])")) next.select();
}

page.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const dialog = page.querySelector("dialog[open]");
  if (event.ctrlKey && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    if (focusSearch()) event.preventDefault();
  } else if (event.altKey && !event.ctrlKey && event.key.toLowerCase() === "s") {
    event.preventDefault();
    if (!dialog) sendMainForm();
  } else if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  } else if (event.key === "Escape") {
    if (dialog || event.target.matches("select")) return;
    if (event.target.id === "search-box") event.target.blur();
    else page.querySelector("main a[data-cancel]")?.click();
  } else if (event.key === "Enter") {
    enterMovesOn(event);
  } else if (event.key === "/" && !typing(event.target)) {
    if (focusSearch()) event.preventDefault();
  } else if (event.key === "?" && !typing(event.target) && !dialog) {
    event.preventDefault();
    page.getElementById("shortcuts")?.showModal();
  }
});

// -------------------------------------------------- double press, never a lock

const PAUSE = 5000;

function ready(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-disabled='true']")) button.removeAttribute("aria-disabled");
}

page.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("data-resend")) return;
  if (Date.now() - Number(form.dataset.sent ?? 0) < PAUSE) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented) return;
  form.dataset.sent = String(Date.now());
  event.submitter?.setAttribute("aria-disabled", "true");
  setTimeout(() => ready(form), PAUSE);
});

addEventListener("pageshow", (event) => {
  if (event.persisted) page.querySelectorAll("form").forEach(ready);
});

// ------------------------------------------- numbers of people in a filter

// What a filter asks for stands in the address, in the history and in the proxy's log. A NIK or a
// mobile number goes to the search box instead, which is sent as a form.
const NUMBER_OF_SOMEBODY = /^(\d{16}|(\+?62|0)8\d{7,12})$/;

page.addEventListener("submit", (event) => {
  const typed = event.target.matches("form.filter-bar") ? event.target.elements.q : null;
  const box = page.getElementById("search-box");
  if (!typed || !box || !NUMBER_OF_SOMEBODY.test(typed.value.replace(/[\s.\-()]/g, ""))) return;
  event.preventDefault();
  box.value = typed.value;
  typed.value = "";
  box.form.requestSubmit();
});

// ------------------------------------------------------------- row density

// A cookie of this browser, no secret and no name in it: leaving empties the browser's storage, and
// whoever comes back finds the rows as they were.
const underTls = location.protocol === "https:";
const ROWS = underTls ? "__Host-wibawa_rows=" : "wibawa_rows=";
const isCompact = () => page.cookie.split("; ").includes(`${ROWS}compact`);

function keepDensity(compact) {
  const secure = underTls ? "; secure" : "";
  page.cookie = `${ROWS}${compact ? "compact" : "normal"}; path=/; max-age=31536000; samesite=lax${secure}`;
}

function showDensity(compact) {
  if (compact) page.documentElement.dataset.density = "compact";
  else delete page.documentElement.dataset.density;
  for (const button of page.querySelectorAll("button[data-density]")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(compact));
  }
}

page.addEventListener("click", (event) => {
  if (event.target.closest("button[data-density]")) {
    const compact = page.documentElement.dataset.density !== "compact";
    keepDensity(compact);
    showDensity(compact);
  } else if (event.target.closest("button[data-print]")) {
    print();
  }
});

// ------------------------------------------------------------ what is needed

const NEEDED = [
  ["[data-money]", "./money.mjs"],
  ["[data-date]", "./date.mjs"],
  ["form[data-preview-url]", "./preview.mjs"],
  ["form[data-upload]", "./upload.mjs"],
  ["[data-job]", "./job.mjs"],
  ["input[data-strength]", "./strength.mjs"],
];

async function enhance() {
  showDensity(isCompact());
  for (const button of page.querySelectorAll("button[data-print]")) button.hidden = false;
  page.querySelector("[data-focus]")?.focus();
  for (const [selector, module] of NEEDED) {
    if (page.querySelector(selector)) (await import(module)).start();
  }
  if (store) (await import("./draft.mjs")).start(store);
  if (store && page.body.dataset.session) (await import("./session.mjs")).start();
}

// The upload module puts the server's answer into the page and calls this again.
page.addEventListener("wibawa:content", enhance);
enhance();
