// Dates stay text (dd/mm/yyyy); a small button or Alt+Down opens the browser's calendar.

const toIso = (text) => {
  const found = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text.trim());
  return found ? `${found[3]}-${found[2].padStart(2, "0")}-${found[1].padStart(2, "0")}` : "";
};
const toTyped = (iso) => iso.split("-").reverse().join("/");

const ICON = "M3.5 5h13v11.5h-13zM3.5 8.5h13M7 3v3M13 3v3";

function icon() {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({ class: "icon", viewBox: "0 0 20 20", width: 20, height: 20, fill: "none", stroke: "currentColor", "stroke-width": 1.6, "aria-hidden": "true" })) svg.setAttribute(name, value);
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICON);
  svg.append(path);
  return svg;
}

function enhance(field) {
  const picker = document.createElement("input");
  if (typeof picker.showPicker !== "function") return;
  picker.type = "date";
  picker.className = "date-native";
  picker.tabIndex = -1;
  picker.setAttribute("aria-hidden", "true");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "date-pick";
  button.tabIndex = -1;
  const label = field.labels?.[0]?.textContent.trim() ?? "";
  button.setAttribute("aria-label", `Pilih tanggal: ${label}`);
  button.append(icon());
  field.after(button, picker);
  const open = () => {
    picker.value = toIso(field.value);
    try {
      picker.showPicker();
    } catch {
      field.focus();
    }
  };
  button.addEventListener("click", open);
  field.addEventListener("keydown", (event) => {
    if (!event.altKey || event.key !== "ArrowDown") return;
    event.preventDefault();
    open();
  });
  picker.addEventListener("change", () => {
    if (!picker.value) return;
    field.value = toTyped(picker.value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  });
  field.addEventListener("change", () => {
    const iso = toIso(field.value);
    if (iso) field.value = toTyped(iso);
  });
}

const done = new WeakSet();

export function start() {
  for (const one of document.querySelectorAll("[data-date]")) {
    if (done.has(one)) continue;
    done.add(one);
    enhance(one);
  }
}
