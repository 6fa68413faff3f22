// Says in words how strong a new password is while it is typed. The server decides; this only helps.

function words(text, least) {
  if (text === "") return "";
  if (text.length < least) return `Masih kurang ${least - text.length} karakter.`;
  const different = new Set(text.toLowerCase()).size;
  if (different < 6) return "Lemah: terlalu banyak ulangan.";
  if (text.length >= 20 && different >= 9) return "Sangat kuat.";
  if (text.length >= 16 && different >= 8) return "Kuat.";
  return "Cukup. Tambah satu kata lagi supaya kuat.";
}

export function start() {
  for (const field of document.querySelectorAll("input[data-strength]")) {
    if (field.dataset.watched) continue;
    field.dataset.watched = "1";
    const said = document.createElement("output");
    said.className = "hint";
    said.setAttribute("for", field.id);
    field.after(said);
    const say = () => {
      said.textContent = words(field.value, Number(field.dataset.strength));
    };
    field.addEventListener("input", say);
    say();
  }
}
