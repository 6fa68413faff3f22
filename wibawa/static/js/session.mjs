// Says some minutes before the end that the session ends, with a button to go on. All tabs of one
// person share what the newest page said. Now and then it tells the server that somebody is there,
// so that the list of devices is true: reading a page writes nothing by itself.

const WARN = 5 * 60 * 1000;
const LOOK = 10 * 1000;
const PING = 10 * 60 * 1000;

const body = document.body;
const key = `wibawa:session:${body.dataset.user ?? ""}`;
let box = null;
let shown = "";

function known(store) {
  try {
    return JSON.parse(store.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

function keep(store, change) {
  try {
    store.setItem(key, JSON.stringify({ ...known(store), ...change }));
  } catch {
    // A full store only means that each tab counts for itself.
  }
}

async function stay(store) {
  const token = document.querySelector("form[data-sign-out] input[name='csrf_token']")?.value ?? "";
  const answer = await fetch(body.dataset.stay, { method: "POST", headers: { "X-CSRFToken": token }, redirect: "manual" });
  if (!answer.ok) throw new Error(String(answer.status));
  const told = await answer.json();
  keep(store, { ends: Date.now() + told.seconds * 1000, pinged: Date.now() });
}

function show(text, action) {
  if (shown === text) return;
  shown = text;
  box?.remove();
  box = null;
  if (!text) return;
  box = document.createElement("div");
  box.className = "notice notice-warning session-note no-print";
  box.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-primary button-small";
    button.textContent = "Lanjutkan";
    button.addEventListener("click", action);
    box.append(button);
  }
  body.append(box);
}

function time(moment) {
  const shape = { timeZone: "Asia/Jakarta", hour: "2-digit", minute: "2-digit" };
  return `${new Date(moment).toLocaleTimeString("id-ID", shape)} WIB`;
}

function look(store, limit) {
  const ends = Math.min(known(store).ends ?? limit, limit);
  const left = ends - Date.now();
  const over = "Waktu masuk Anda sudah habis. Isian di halaman ini tetap ada: masuk lagi di tab lain, lalu kirim.";
  if (left <= 0) show(over, null);
  else if (left > WARN) show("", null);
  else if (limit - Date.now() <= WARN) show(`Waktu masuk Anda habis pukul ${time(ends)}. Simpan pekerjaan, lalu masuk lagi.`, null);
  else {
    const go = () => stay(store).then(() => look(store, limit), () => show(over, null));
    show(`Anda akan keluar pukul ${time(ends)} karena lama tidak ada kegiatan.`, go);
  }
}

export function start() {
  if (body.dataset.watched) return;
  body.dataset.watched = "1";
  const store = localStorage;
  const limit = Date.now() + Number(body.dataset.limit) * 1000;
  keep(store, { ends: Date.now() + Number(body.dataset.session) * 1000 });
  setInterval(look, LOOK, store, limit);
  look(store, limit);
  if (Date.now() - (known(store).pinged ?? 0) > PING) stay(store).catch(() => {});
}
