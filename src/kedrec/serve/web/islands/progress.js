// Keeps a batch's progress up to date while somebody is at work on it.

const EVERY = 2000;
const shown = document.getElementById("batch");

async function look() {
  const response = await fetch(shown.dataset.now);
  if (!response.ok) return;
  const { told, share, running } = await response.json();
  shown.querySelector(".meter i").style.width = `${share * 100}%`;
  shown.querySelector(".meter").setAttribute("aria-valuenow", String(Math.round(share * 100)));
  const list = shown.querySelector("#batch-told");
  list.replaceChildren(...told.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
  if (running) setTimeout(look, EVERY);
  else if (shown.dataset.running === "yes") window.location.reload();
}

if (shown && shown.dataset.running === "yes") setTimeout(look, EVERY);
