// Keeps what is typed into forms with data-draft, on this computer, for a day.
// Put back by itself only after a send that failed or got lost; after a power cut it is offered.
// Never kept: NIK, passwords, hidden fields, files, data-private.

const DAY = 24 * 60 * 60 * 1000;
const PREFIX = "wibawa:draft:";
const prefix = `${PREFIX}${document.body.dataset.user ?? ""}:`;

const watched = new WeakSet();

const isNik = (name) => /(^|[^a-z])nik([^a-z]|$)/i.test(name);

const kept = (field) =>
  field.name !== "" &&
  !["hidden", "password", "file", "submit", "button"].includes(field.type) &&
  field.type !== "fieldset" &&
  !isNik(field.name) &&
  !/password|sandi|token/i.test(field.name) &&
  !field.hasAttribute("data-private");

function read(store, key) {
  try {
    return JSON.parse(store.getItem(key));
  } catch {
    return null;
  }
}

function write(store, key, draft) {
  try {
    store.setItem(key, JSON.stringify(draft));
  } catch {
    // A full store only means that nothing is kept.
  }
}

function keysOf(store) {
  return Array.from({ length: store.length }, (_, number) => store.key(number)).filter((key) => key?.startsWith(PREFIX));
}

function values(form) {
  return [...form.elements].filter(kept).map((field) => [
    field.name,
    ["radio", "checkbox"].includes(field.type) ? [field.value, field.checked] : field.value,
  ]);
}

function fill(form, saved) {
  for (const [name, value] of saved) {
    for (const field of [...form.elements].filter((one) => one.name === name && kept(one))) {
      if (Array.isArray(value)) {
        if (field.value === value[0]) field.checked = value[1];
      } else if (!["radio", "checkbox"].includes(field.type)) {
        field.value = value;
      }
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function note(form, text, buttons) {
  const box = document.createElement("div");
  box.className = "notice notice-info draft-note";
  box.setAttribute("role", "status");
  const words = document.createElement("div");
  words.textContent = text;
  box.append(words);
  for (const [label, action] of buttons) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-secondary button-small";
    button.textContent = label;
    button.addEventListener("click", () => {
      action();
      box.remove();
      form.querySelector("input:not([type='hidden']), select, textarea")?.focus();
    });
    box.append(button);
  }
  form.prepend(box);
}

function clock(moment) {
  const two = (number) => String(number).padStart(2, "0");
  const day = new Date(moment + 7 * 60 * 60 * 1000); // WIB, whatever this computer is set to
  return `${two(day.getUTCDate())}/${two(day.getUTCMonth() + 1)}/${day.getUTCFullYear()} ${two(day.getUTCHours())}.${two(day.getUTCMinutes())}`;
}

function watch(store, form) {
  const key = `${prefix}${form.dataset.draft}`;
  const first = values(form);
  const draft = read(store, key);
  const answered = form.querySelector("[aria-invalid='true']") || document.querySelector(".error-summary");
  if (draft && !answered && !same(draft.values, first)) {
    const throwAway = () => {
      fill(form, first);
      store.removeItem(key);
    };
    const when = clock(draft.at);
    const again = [...form.elements].some((field) => isNik(field.name)) ? " NIK perlu diketik ulang." : "";
    if (draft.sent) {
      fill(form, draft.values);
      note(form, `Pengiriman pada ${when} tidak sampai. Isian Anda dikembalikan; periksa lalu kirim lagi.${again}`, [["Buang isian ini", throwAway]]);
    } else {
      note(form, `Ada isian yang belum dikirim dari ${when}.`, [
        ["Pulihkan", () => fill(form, draft.values)],
        ["Buang", () => store.removeItem(key)],
      ]);
    }
  }
  const keep = (sent) => write(store, key, { at: Date.now(), sent, page: location.pathname, values: values(form) });
  let timer = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, 400, false);
  });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (!event.defaultPrevented) keep(true);
  });
  for (const link of form.querySelectorAll("a[data-cancel]")) {
    link.addEventListener("click", (event) => {
      clearTimeout(timer);
      if (event.isTrusted) store.removeItem(key); // Esc may be a slip: then it is offered again
      else if (!same(values(form), first)) keep(false);
    });
  }
}

// A send has arrived when the page says so, or when it led from the form's page to another good page.
function arrived(draft) {
  if (document.querySelector("[data-flash='success']")) return true;
  if (document.querySelector(".error-page") || location.pathname === draft.page) return false;
  return document.referrer !== "" && new URL(document.referrer).pathname === draft.page;
}

export function start(store) {
  for (const key of keysOf(store)) {
    const draft = read(store, key);
    const own = key.startsWith(prefix);
    if (!draft || Date.now() - draft.at > DAY || (own && draft.sent && arrived(draft))) store.removeItem(key);
  }
  for (const form of document.querySelectorAll("form[data-draft]")) {
    if (watched.has(form)) continue;
    watched.add(form);
    watch(store, form);
  }
  document.querySelector("form[data-sign-out]")?.addEventListener("submit", () => {
    for (const key of keysOf(store)) if (key.startsWith(prefix)) store.removeItem(key);
  });
}
