// Rupiah fields: points between thousands while typing, the amount in words beside the field.
// Reads exactly what the server reads, so "1.5" is refused and never silently becomes 15.

const UNITS = ["", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"];
const SCALES = ["", "ribu", "juta", "miliar", "triliun", "kuadriliun"];

function hundreds(number) {
  if (number < 12) return UNITS[number];
  if (number < 20) return `${UNITS[number - 10]} belas`;
  if (number < 100) return `${UNITS[Math.trunc(number / 10)]} puluh ${UNITS[number % 10]}`.trim();
  const head = number < 200 ? "seratus" : `${UNITS[Math.trunc(number / 100)]} ratus`;
  return `${head} ${hundreds(number % 100)}`.trim();
}

export function words(digits) {
  const plain = digits.replace(/^0+/, "");
  if (plain === "") return "nol rupiah";
  if (plain.length > 18) return "";
  const parts = [];
  for (let end = plain.length, scale = 0; end > 0; end -= 3, scale += 1) {
    const part = Number(plain.slice(Math.max(0, end - 3), end));
    if (part === 0) continue;
    parts.unshift(scale === 1 && part === 1 ? "seribu" : `${hundreds(part)} ${SCALES[scale]}`.trim());
  }
  return `${parts.join(" ")} rupiah`;
}

export function grouped(digits) {
  return digits.replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ".");
}

// The digits of an amount, or null when it cannot be read as whole rupiah.
export function amount(text) {
  const found = /^(?:rp\.?\s*)?(\d+|\d{1,3}(?:\.\d{3})+)(?:,(?:00|-))?$/i.exec(text.trim());
  return found ? found[1].replaceAll(".", "") : null;
}

function say(field, strict) {
  const output = document.getElementById(`${field.id}-words`);
  if (!output) return;
  const digits = amount(field.value);
  const refused = strict && digits === null && field.value.trim() !== "";
  output.classList.toggle("refused", refused);
  if (refused) output.textContent = "Tulis rupiah bulat, misalnya 1.250.000.";
  else output.textContent = digits === null ? "" : words(digits);
}

function enhance(field) {
  let ours = amount(field.value) !== null || field.value === "";
  say(field, true);
  field.addEventListener("input", (event) => {
    if (field.value === "") ours = true;
    const digitOnly = event.inputType === "insertText" && /^\d$/.test(event.data ?? "");
    const shorter = event.inputType === "deleteContentBackward";
    if (!digitOnly && !shorter && field.value !== "") ours = false;
    const atEnd = field.selectionStart === field.value.length;
    if (ours && atEnd && /^[\d.]+$/.test(field.value)) field.value = grouped(field.value.replaceAll(".", ""));
    say(field, false);
  });
  field.addEventListener("change", () => {
    const digits = amount(field.value);
    if (digits !== null) field.value = grouped(digits);
    ours = digits !== null || field.value === "";
    say(field, true);
  });
}

const done = new WeakSet();

export function start() {
  for (const one of document.querySelectorAll("[data-money]")) {
    if (done.has(one)) continue;
    done.add(one);
    enhance(one);
  }
}
