// The page of a job: asks how far it is and shows it. Without this the page is loaded again.

const EVERY = 2000;
const LATER = 15000; // when nobody looks, or the line is down

function show(box, told) {
  const bar = box.querySelector("progress");
  bar.max = told.total || 1;
  bar.value = told.done;
  box.querySelector("p").textContent = told.text;
}

async function ask(box) {
  const answer = await fetch(box.dataset.job, { headers: { Accept: "application/json" }, redirect: "manual" });
  if (answer.type === "opaqueredirect") return null; // signed out: the page itself leads to signing in
  if (!answer.ok) throw new Error(String(answer.status)); // the server is away
  return answer.json();
}

async function follow(box) {
  let pause = document.hidden ? LATER : EVERY;
  try {
    const told = await ask(box);
    if (told === null || told.state !== box.dataset.state) {
      location.reload(); // the server's own words, with the result
      return;
    }
    show(box, told);
  } catch {
    box.querySelector("p").textContent = "Kemajuan belum terbaca; dicoba lagi sebentar lagi. Pekerjaannya tidak terganggu.";
    pause = LATER;
  }
  setTimeout(follow, pause, box);
}

const followed = new WeakSet();

export function start() {
  for (const box of document.querySelectorAll("[data-job]")) {
    if (followed.has(box)) continue;
    followed.add(box);
    setTimeout(follow, EVERY, box);
  }
}
