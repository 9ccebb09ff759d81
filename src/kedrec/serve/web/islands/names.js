// Says, while names are typed, what the graph understands by them; an unclear one is asked back.
import { add } from "./stream.js";

const byId = (id) => document.getElementById(id);

async function understood(name, kind) {
  const asked = new URLSearchParams({ name, kind });
  const response = await fetch(`/api/entities?${asked}`);
  return response.ok ? response.json() : { match: "none", query: name, alternatives: [] };
}

function tell(place, match, take) {
  if (match.entity) {
    const how = match.match === "synonym" ? ", a synonym" : "";
    add(place, "span", `${match.query} = ${match.entity.name} (${match.entity.id}${how}). `);
    return;
  }
  const unclear = match.match === "ambiguous";
  add(place, "span", unclear ? `${match.query} may mean: ` : `${match.query} is not known. `, { class: "error" });
  if (!unclear && match.alternatives.length) add(place, "span", "Similar: ");
  for (const option of match.alternatives.slice(0, 5)) {
    const button = add(place, "button", `${option.name} (${option.id})`, { type: "button" });
    button.addEventListener("click", () => take(option.id));
  }
}

function watch(field, kind) {
  const place = byId(`${field.id}-understood`);
  let asked = "";
  const look = async () => {
    if (field.value === asked) return;
    asked = field.value;
    const names = asked.split("\n").map((name) => name.trim()).filter(Boolean).slice(0, 10);
    const matches = await Promise.all(names.map((name) => understood(name, kind)));
    if (field.value !== asked) return;
    place.replaceChildren();
    matches.forEach((match, at) => tell(place, match, (id) => {
      field.value = names.map((name, other) => (other === at ? id : name)).join("\n");
      look();
    }));
  };
  field.addEventListener("change", look);
  field.addEventListener("blur", look);
  if (field.value) look();
}

if (byId("disease")) watch(byId("disease"), "disease");
if (byId("drugs")) watch(byId("drugs"), "drug");
