"""What the graph says of a drug, as a table: the same as in the picture, for reading aloud, searching and copying."""

from __future__ import annotations

from collections.abc import Collection

from kedrec.agents.answer_html.citations import key_link
from kedrec.agents.answer_html.html import Html, tag
from kedrec.records import Entity, Evidence, Recommendation, triples_of

__all__ = ["path_table"]

OPEN = 6
"""Rows up to which the table is not folded."""


def path_table(made: Recommendation, drug: Entity, cited: Collection[str]) -> Html | None:
    """The graph's evidence on a candidate, a row for each path; None without any.

    Args:
        made: the outcome.
        drug: the candidate.
        cited: keys that are cited.
    """
    rows = [entry for key, entry in made.evidence.items() if key[:1] == "K" and drug.id in entry.about]
    if not rows:
        return None
    rows.sort(key=lambda entry: entry.key not in cited)
    head = tag("tr", *(tag("th", title, scope="col") for title in ("Key", "Path", "Edges", "Cited")))
    body = tag("tbody", *(_row(entry, made, entry.key in cited) for entry in rows))
    caption = tag("caption", f"What the graph says of {drug.name}", class_="unseen")
    table = tag("table", caption, tag("thead", head), body, class_="paths")
    told = f"As a table: {len(rows)} paths" if len(rows) > 1 else "As a table: one path"
    return tag("details", tag("summary", told), table, open="open" if len(rows) <= OPEN else None)


def _row(entry: Evidence, made: Recommendation, is_cited: bool) -> Html:
    edges = str(len(triples_of(entry.source_id)))
    cells = (tag("td", entry.text), tag("td", edges, class_="number"), tag("td", "yes" if is_cited else "no"))
    return tag("tr", tag("td", key_link(entry.key, made.evidence)), *cells, data_path=entry.key)
