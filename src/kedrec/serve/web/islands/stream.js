// Asks the server and follows what happens: events of the work, at last the answer.

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

export async function answerTo(address, body, signal, onProgress) {
  const response = await fetch(address, {
    method: "POST", body: JSON.stringify(body), signal,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
  });
  if (!response.ok) throw new Error((await response.json()).error.message);
  for await (const [name, data] of events(response)) {
    if (name === "answer") return data;
    if (name === "error") throw new Error(data.error.message);
    onProgress(data);
  }
  throw new Error("The server ended before there was an answer. Ask again.");
}

export function add(parent, kind, text, attributes = {}) {
  const made = document.createElement(kind);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}
