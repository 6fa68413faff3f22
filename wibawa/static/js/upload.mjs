// File forms: drop a file on the area, see how much has been sent. Without this the form is a plain form.

const size = (bytes) => {
  if (bytes < 1024) return `${bytes} B`;
  const kilo = Math.round(bytes / 1024);
  if (kilo < 1024) return `${kilo} KB`;
  return `${String(Math.round(bytes / 104857.6) / 10).replace(".", ",")} MB`;
};

function showName(drop, input) {
  const text = drop.querySelector("[data-drop-text]");
  if (!text) return;
  const [file, ...others] = input.files;
  if (others.length) text.textContent = `${input.files.length} berkas (${size([...input.files].reduce((sum, each) => sum + each.size, 0))})`;
  else if (file) text.textContent = `${file.name} (${size(file.size)})`;
  else text.textContent = "Belum ada berkas. Pilih dari perangkat, atau seret ke sini.";
}

// A telephone's photo has far more pixels than are kept; on a slow line, shrinking it first saves minutes.
const WORTH_SHRINKING = 800000; // bytes

async function shrunk(file, longest) {
  if (file.size < WORTH_SHRINKING || !["image/jpeg", "image/png"].includes(file.type)) return file;
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, longest / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    const drawn = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    if (!drawn || drawn.size >= file.size) return file;
    return new File([drawn], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  } catch {
    return file; // the server says what is wrong with it
  }
}

async function shrinkAll(input) {
  const chosen = [...input.files];
  const smaller = await Promise.all(chosen.map((file) => shrunk(file, Number(input.dataset.shrink))));
  const unchanged = chosen.length === input.files.length && chosen.every((file, at) => file === input.files[at]);
  if (!unchanged || smaller.every((file, at) => file === chosen[at])) return;
  const files = new DataTransfer();
  for (const file of smaller) files.items.add(file);
  input.files = files.files; // tells no change event, so this happens once
}

function dropArea(drop) {
  const input = drop.querySelector("input[type='file']");
  if (!input) return;
  const text = drop.querySelector("[data-drop-text]");
  const button = drop.querySelector("[data-drop-button]");
  if (text && button) {
    drop.classList.add("drop-ready"); // the browser's own button may speak another language
    text.hidden = false;
    button.hidden = false;
  }
  showName(drop, input);
  input.addEventListener("change", () => {
    showName(drop, input);
    if (input.dataset.shrink) shrinkAll(input).then(() => showName(drop, input));
  });
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  };
  drop.addEventListener("dragenter", over);
  drop.addEventListener("dragover", over);
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// A redirect leads to a page of its own; otherwise the answer is this form again, with its errors.
function showAnswer(request, form, failed) {
  const goTo = request.getResponseHeader("X-Location");
  const asked = new URL(form.action, location.href).href;
  if (goTo || (request.responseURL && request.responseURL !== asked)) {
    location.assign(goTo ?? request.responseURL);
    return;
  }
  const answer = new DOMParser().parseFromString(request.responseText, "text/html");
  const main = answer.querySelector("main");
  if (!main) {
    failed(`Berkas tidak diterima (kode ${request.status}). Periksa ukurannya, lalu coba sekali lagi.`);
    return;
  }
  document.title = answer.title;
  document.querySelector("main").replaceChildren(...main.childNodes);
  scrollTo(0, 0);
  document.dispatchEvent(new CustomEvent("wibawa:content"));
}

function send(form, submitter) {
  const area = form.querySelector("[data-drop-progress]");
  const bar = area.querySelector("progress");
  const words = area.querySelector("p");
  const fields = new FormData(form);
  if (submitter?.name) fields.append(submitter.name, submitter.value);
  const request = new XMLHttpRequest();
  const failed = (text) => {
    words.textContent = text;
    bar.value = 0;
    delete form.dataset.sending;
    delete form.dataset.sent;
    submitter?.removeAttribute("aria-disabled");
  };
  area.hidden = false;
  bar.value = 0;
  words.textContent = "Mengirim berkas …";
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = (event.loaded * 100) / event.total;
    if (event.loaded < event.total) words.textContent = `${size(event.loaded)} dari ${size(event.total)} terkirim`;
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    words.textContent = "Berkas diterima, sedang diperiksa …";
  });
  request.addEventListener("load", () => showAnswer(request, form, failed));
  const cut = () => failed("Sambungan terputus; berkas belum diterima. Tekan tombol sekali lagi untuk mengirim ulang.");
  for (const kind of ["error", "timeout", "abort"]) request.addEventListener(kind, cut);
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.send(fields);
}

function enhance(form) {
  form.querySelectorAll("[data-drop]").forEach(dropArea);
  if (!form.querySelector("[data-drop-progress]")) return;
  form.addEventListener("submit", (event) => {
    const file = form.querySelector("input[type='file']");
    if (!file?.files.length || event.defaultPrevented) return;
    event.preventDefault();
    if (form.dataset.sending) return;
    form.dataset.sending = "1";
    event.submitter?.setAttribute("aria-disabled", "true");
    send(form, event.submitter);
  });
}

const done = new WeakSet();

export function start() {
  for (const one of document.querySelectorAll("form[data-upload]")) {
    if (done.has(one)) continue;
    done.add(one);
    enhance(one);
  }
}
