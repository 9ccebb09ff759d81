// A citation opens its source beside the text, at what the check marked in it; Esc leads back to the citation.

let left = null;

const panel = document.createElement("aside");
panel.id = "source";
panel.hidden = true;
panel.tabIndex = -1;
panel.setAttribute("aria-label", "Cited source");
document.body.append(panel);

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function copyOf(entry) {
  const list = document.createElement("ul");
  list.className = "evidence";
  const copy = entry.cloneNode(true);
  for (const one of [copy, ...copy.querySelectorAll("[id]")]) one.removeAttribute("id");
  list.append(copy);
  return list;
}

function markFor(sentence) {
  const marks = [...panel.querySelectorAll("mark")];
  const ours = marks.filter((mark) => (mark.dataset.sentences || "").split(" ").includes(sentence));
  for (const mark of ours) mark.classList.add("here");
  (ours[0] || marks[0])?.scrollIntoView({ block: "nearest" });
}

function show(link, entry) {
  const key = entry.id.replace(/^.*evidence-/, ""), sentence = link.dataset.sentence;
  const head = element("div", "", { class: "bar-of" });
  head.append(element("h2", sentence ? `${key}, cited by sentence ${sentence}` : key));
  const shut = element("button", "Close (Esc)", { type: "button" });
  shut.addEventListener("click", close);
  head.append(shut);
  const more = element("p", "", { class: "hint" });
  const view = document.body.querySelector("[data-evidence-view]");
  if (view) {
    const address = `${view.dataset.evidenceView}?key=${encodeURIComponent(key)}`;
    more.append(element("a", "Open in Evidence", { href: address }));
  }
  const told = element("p", link.title.split(" — ")[0], { class: "hint" });
  panel.replaceChildren(head, ...(link.title.includes(" — ") ? [told] : []), copyOf(entry), more);
  panel.hidden = false;
  left?.classList.remove("open-source");
  left = link;
  link.classList.add("open-source");
  markFor(sentence || "");
  panel.focus();
}

function close() {
  if (panel.hidden) return;
  panel.hidden = true;
  left.classList.remove("open-source");
  left.focus();
  left = null;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#evidence-'], a[href^='#said-evidence-']");
  const entry = link && document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
  if (!entry || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link, entry);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
function unfold() {
  const entry = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  const folded = entry && entry.closest("details");
  if (folded) { folded.open = true; entry.scrollIntoView(); }
}
window.addEventListener("hashchange", unfold);
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("figure details")) one.open = true;
});
if (window.location.hash) unfold();
document.documentElement.dataset.citations = "ready";
