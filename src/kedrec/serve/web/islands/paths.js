// The picture of the paths and the table of the same paths select each other.

function choose(figure, keys) {
  const wanted = new Set(keys);
  for (const edge of figure.querySelectorAll(".edge")) {
    edge.classList.toggle("chosen", edge.dataset.keys.split(" ").some((key) => wanted.has(key)));
  }
  for (const row of figure.querySelectorAll("tr[data-path]")) {
    row.classList.toggle("chosen", wanted.has(row.dataset.path));
  }
}

for (const figure of document.querySelectorAll("figure")) {
  for (const kind of ["mouseover", "focusin"]) {
    figure.addEventListener(kind, (event) => {
      const row = event.target.closest("tr[data-path]"), edge = event.target.closest(".edge");
      if (row) choose(figure, [row.dataset.path]);
      if (edge) choose(figure, edge.dataset.keys.split(" "));
    });
  }
  figure.addEventListener("mouseleave", () => choose(figure, []));
}
