// What the pages do beyond showing: ask and tell how far it is, stop, and lead from a citation to its evidence and back.
"use strict";

const byId = (id) => document.getElementById(id);
const TALK = "kedrec-conversation";
let stopping = null;

function add(parent, kind, text, attributes = {}) {
  const made = document.createElement(kind);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

function recalled() {
  try { return JSON.parse(sessionStorage.getItem(TALK)) || {}; } catch { return {}; }
}

function remember(answered) {
  const { reply, conversation } = answered;
  const beside = reply.topics.map((topic) => `${topic.heading}: ${topic.answer.text}`);
  const notes = reply.kind === "recommendation" ? [...reply.notes, ...beside] : reply.notes;
  sessionStorage.setItem(TALK, JSON.stringify({ conversation, trace: reply.trace_id, notes }));
}

function busy(working) {
  for (const button of document.querySelectorAll("form[data-ask] button[type=submit]")) button.disabled = working;
  byId("stop").hidden = !working;
}

function told(text, role) {
  byId("said").replaceChildren();
  return add(byId("said"), "p", text, role ? { role, class: "error" } : {});
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let held = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (held + value).split("\n\n");
    held = parts.pop();
    for (const part of parts) {
      const name = /^event: (.*)$/m.exec(part), data = /^data: (.*)$/m.exec(part);
      if (name && data) yield [name[1], JSON.parse(data[1])];
    }
  }
}

async function answerTo(address, body) {
  stopping = new AbortController();
  const response = await fetch(address, {
    method: "POST", body: JSON.stringify(body), signal: stopping.signal,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
  });
  if (!response.ok) throw new Error((await response.json()).error.message);
  const begun = Date.now();
  let calls = 0, last = "";
  for await (const [name, data] of events(response)) {
    if (name === "answer") return data;
    if (name === "error") throw new Error(data.error.message);
    if (data.kind.endsWith("_called")) calls += 1;
    if (data.kind === "step_started" && data.said !== last) add(byId("progress"), "li", (last = data.said));
    byId("counted").textContent = `${((Date.now() - begun) / 1000).toFixed(1)} s, ${calls} calls`;
  }
  throw new Error("The server ended before there was an answer. Ask again.");
}

async function ask(address, body, show) {
  busy(true);
  byId("progress").replaceChildren();
  byId("said").replaceChildren();
  byId("working").hidden = false;
  try {
    show(await answerTo(address, body));
  } catch (error) {
    told(error.name === "AbortError" ? "Stopped." : error.message, "alert");
  } finally {
    busy(false);
  }
}

function open(traceId, query = "") {
  window.location.assign(`/answers/${encodeURIComponent(traceId)}${query}`);
}

function showReply(answered) {
  remember(answered);
  const { reply, options } = answered;
  if (reply.kind === "recommendation") return open(reply.trace_id);
  for (const note of reply.notes) add(byId("said"), "p", note, { class: "hint" });
  if (reply.kind === "question") {
    add(byId("said"), "p", reply.text, { role: "alert" });
    for (const option of options) {
      const button = add(byId("said"), "button", `${option.name} (${option.id})`, { type: "button" });
      button.addEventListener("click", () => askInWords(option.id));
    }
  }
  for (const topic of reply.topics) {
    if (topic.title) add(byId("said"), "h3", topic.heading);
    const text = add(byId("said"), "p", `${topic.answer.text} `);
    for (const key of topic.answer.citations) {
      const here = key in reply.evidence;
      const href = here ? `#evidence-${key}` : `/answers/${encodeURIComponent(reply.trace_id)}#evidence-${key}`;
      add(text, "a", key, { class: "key", href });
    }
  }
  for (const [key, entry] of Object.entries(reply.evidence)) {
    add(byId("said"), "p", `${key}: ${entry.text} (${entry.source_id})`, { class: "hint", id: `evidence-${key}` });
  }
}

function askInWords(text) {
  const setting = byId("setting") ? byId("setting").value || null : null;
  return ask("/api/ask", { text, setting, conversation: recalled().conversation || null }, showReply);
}

function listen() {
  const question = byId("ask");
  if (!question) return;
  const begins = question.dataset.ask === "new";
  if (begins) sessionStorage.removeItem(TALK);
  question.addEventListener("submit", (event) => {
    event.preventDefault();
    askInWords(byId("text").value);
  });
  byId("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); question.requestSubmit(); }
  });
  byId("stop").addEventListener("click", () => stopping.abort());
  const again = byId("again");
  if (again) again.addEventListener("submit", (event) => {
    event.preventDefault();
    const body = { ...JSON.parse(again.dataset.asked), hide_direct: true };
    const before = encodeURIComponent(again.dataset.trace);
    ask("/api/compare", body, (made) => open(made.trace_id, `?before=${before}`));
  });
  const compared = byId("compare");
  if (compared) compared.addEventListener("submit", (event) => {
    event.preventDefault();
    const candidates = byId("drugs").value.split("\n").map((drug) => drug.trim()).filter(Boolean);
    const body = { disease: byId("disease").value, candidates, setting: byId("setting").value || null };
    ask("/api/compare", body, (made) => open(made.trace_id));
  });
}

function tellNotes() {
  const place = byId("notes-said"), { trace, notes } = recalled();
  if (place && place.dataset.trace === trace) for (const note of notes) add(place, "p", note, { class: "hint" });
}

let left = null;
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#evidence-']");
  const entry = link && byId(decodeURIComponent(link.getAttribute("href").slice(1)));
  if (!entry) return;
  left = link;
  const folded = entry.closest("details");
  if (folded) folded.open = true;
  entry.tabIndex = -1;
  setTimeout(() => entry.focus());
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !left) return;
  left.focus();
  left = null;
});

listen();
tellNotes();
