// Forms that ask: show how far the work is, stop it, and lead to the answer.
import { add, answerTo } from "./stream.js";

const byId = (id) => document.getElementById(id);
const TALK = "kedrec-conversation";
let stopping = null;

function recalled() {
  try { return JSON.parse(sessionStorage.getItem(TALK)) || {}; } catch { return {}; }
}

const heading = (topic) => topic.heading ?? `${topic.title} (${topic.answer.stance})`;

function remember({ reply, conversation }) {
  const beside = reply.topics.map((topic) => `${heading(topic)}: ${topic.answer.text}`);
  const notes = reply.kind === "recommendation" ? [...reply.notes, ...beside] : reply.notes;
  sessionStorage.setItem(TALK, JSON.stringify({ conversation, trace: reply.trace_id, notes }));
}

function busy(working) {
  for (const button of document.querySelectorAll("form[data-ask] button[type=submit]")) button.disabled = working;
  byId("stop").hidden = !working;
  byId("working").setAttribute("aria-busy", String(working));
}

function follower() {
  const begun = Date.now();
  let calls = 0, last = "";
  const count = () => {
    byId("counted").textContent = `${((Date.now() - begun) / 1000).toFixed(0)} s, ${calls} calls`;
  };
  const ticking = setInterval(count, 1000);
  count();
  const told = (event) => {
    if (event.kind.endsWith("_called")) calls += 1;
    if (event.kind === "step_started" && event.said !== last) add(byId("progress"), "li", (last = event.said));
    count();
  };
  return { told, end: () => clearInterval(ticking) };
}

async function ask(address, body, show) {
  busy(true);
  byId("progress").replaceChildren();
  byId("said").replaceChildren();
  byId("working").hidden = false;
  byId("working").scrollIntoView({ block: "nearest" });
  stopping = new AbortController();
  const following = follower();
  try {
    show(await answerTo(address, body, stopping.signal, following.told));
  } catch (error) {
    const stopped = error.name === "AbortError";
    add(byId("said"), "p", stopped ? "Stopped. The server has ended the work." : error.message,
      { role: "alert", class: stopped ? "hint" : "error" });
    byId("working").hidden = true;
    byId("said").scrollIntoView({ block: "nearest" });
  } finally {
    following.end();
    busy(false);
  }
}

function open(traceId, query = "") {
  window.location.assign(`/answers/${encodeURIComponent(traceId)}${query}`);
}

const before = (form) => (form.dataset.trace ? `?before=${encodeURIComponent(form.dataset.trace)}` : "");

function showTopic(topic, traceId, own) {
  if (topic.title) add(byId("said"), "h3", heading(topic));
  const text = add(byId("said"), "p", `${topic.answer.text} `);
  const here = window.location.pathname === `/answers/${traceId}`;
  for (const key of topic.answer.citations) {
    const href = key in own ? `#said-evidence-${key}` : here ? `#evidence-${key}` : `/answers/${encodeURIComponent(traceId)}/evidence?key=${key}`;
    add(text, "a", key, { class: "key", href });
  }
}

function showReply(answered) {
  remember(answered);
  const { reply, options } = answered;
  if (reply.kind === "recommendation") { open(reply.trace_id); return; }
  byId("working").hidden = true;
  for (const note of reply.notes) add(byId("said"), "p", note, { class: "hint" });
  if (reply.kind === "question") {
    add(byId("said"), "p", reply.text, { role: "alert" });
    for (const option of options) {
      const button = add(byId("said"), "button", `${option.name} (${option.id})`, { type: "button" });
      button.addEventListener("click", () => askInWords(option.id));
    }
  }
  const own = reply.evidence ?? {};
  for (const topic of reply.topics) showTopic(topic, reply.trace_id, own);
  for (const [key, entry] of Object.entries(own)) {
    const text = `${key}: ${entry.text} (${entry.source_id})`;
    add(byId("said"), "p", text, { class: "hint", id: `said-evidence-${key}` });
  }
  const whole = `/answers/${encodeURIComponent(reply.trace_id)}`;
  if (reply.trace_id && reply.topics.length && window.location.pathname !== whole) {
    add(add(byId("said"), "p", ""), "a", "The whole answer, with its evidence", { href: whole });
  }
  byId("said").scrollIntoView({ block: "nearest" });
}

function askInWords(text) {
  return ask("/api/ask", { text, conversation: recalled().conversation || null }, showReply);
}

const asking = {
  new: (form) => askInWords(byId("text").value),
  on: (form) => askInWords(byId("text").value),
  compare: (form) => {
    const candidates = byId("drugs").value.split("\n").map((drug) => drug.trim()).filter(Boolean);
    const body = { disease: byId("disease").value, candidates, setting: byId("setting").value || null,
      hide_direct: byId("hide").checked };
    return ask("/api/compare", body, (made) => open(made.trace_id, before(form)));
  },
  again: (form) => {
    const body = { ...JSON.parse(form.dataset.asked), hide_direct: true };
    return ask("/api/compare", body, (made) => open(made.trace_id, before(form)));
  },
  fork: (form) => {
    const body = { step: byId("step").value, model: byId("model").value };
    const address = `/api/traces/${encodeURIComponent(form.dataset.trace)}/fork`;
    return ask(address, body, (made) => open(made.trace_id, before(form)));
  },
};

for (const form of document.querySelectorAll("form[data-ask]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    asking[form.dataset.ask](form);
  });
}
const words = byId("text");
if (words) {
  if (words.form.dataset.ask === "new") sessionStorage.removeItem(TALK);
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); words.form.requestSubmit(); }
  });
}
byId("stop").addEventListener("click", () => stopping.abort());
const place = byId("notes-said"), { trace, notes } = recalled();
if (place && place.dataset.trace === trace) for (const note of notes) add(place, "p", note, { class: "hint" });
document.documentElement.dataset.asking = "ready";
