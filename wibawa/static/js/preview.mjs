// A form with data-preview-url asks for an HTML fragment after each pause in typing.
// data-preview-fields names the fields it may carry; NIK and secrets never enter that address.

const PAUSE = 350;
const secret = (name) => /(^|[^a-z])nik([^a-z]|$)|password|sandi|token|request_key/i.test(name);

function query(form) {
  const fields = new URLSearchParams();
  const only = form.dataset.previewFields?.split(/[\s,]+/);
  for (const [name, value] of new FormData(form)) {
    if (only && !only.includes(name)) continue;
    const field = form.elements.namedItem(name);
    const isPrivate = field instanceof Element && field.hasAttribute("data-private");
    if (typeof value === "string" && value !== "" && !secret(name) && !isPrivate) fields.append(name, value);
  }
  return fields.toString();
}

function enhance(form) {
  const target = document.querySelector(form.dataset.previewTarget);
  if (!target) return;
  let timer = 0;
  let running = null;
  let shown = null;

  async function show() {
    const asked = query(form);
    if (asked === shown) return;
    running?.abort();
    running = new AbortController();
    target.setAttribute("aria-busy", "true");
    try {
      const joint = form.dataset.previewUrl.includes("?") ? "&" : "?";
      const answer = await fetch(`${form.dataset.previewUrl}${joint}${asked}`, {
        headers: { Accept: "text/html" },
        credentials: "same-origin",
        signal: running.signal,
      });
      if (!answer.ok || answer.redirected) return;
      const fragment = new DOMParser().parseFromString(await answer.text(), "text/html");
      target.replaceChildren(...fragment.body.childNodes);
      shown = asked;
    } catch (error) {
      if (error.name === "AbortError") return;
    } finally {
      if (query(form) === asked) target.removeAttribute("aria-busy");
    }
  }

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  later();
}

const done = new WeakSet();

export function start() {
  for (const one of document.querySelectorAll("form[data-preview-url]")) {
    if (done.has(one)) continue;
    done.add(one);
    enhance(one);
  }
}
