"""The view Evidence without an answer: passages of the literature, and what the graph has between two entities."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.citations import source_address
from kedrec.agents.answer_html.evidence import headed
from kedrec.agents.answer_html.graph_paths import DrawnEdge, DrugPaths
from kedrec.agents.answer_html.graph_svg import arrowheads, drawing
from kedrec.agents.answer_html.html import Html, tag
from kedrec.characters import shortened
from kedrec.errors import KedrecError
from kedrec.records import Passage, Triple
from kedrec.serve import requests, results
from kedrec.serve.service import Service
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.views.answer import entity_address
from kedrec.serve.web.views.failed import failed
from kedrec.serve.web.views.forms import choosing, field
from kedrec.serve.web.views.runs import run_table

__all__ = ["router"]

router = APIRouter()
CORPORA = {"": "articles and trials", "articles": "articles", "trials": "trials"}
RECENT = 8
"""Answers whose evidence is offered."""
SHOWN = 600
"""Characters of a passage in a list."""
NameField = Annotated[str, Query(max_length=500)]


@router.get("/evidence")
def evidence(service: Served, query: NameField = "", corpus: Literal["", "articles", "trials"] = "") -> HTMLResponse:
    """Where evidence is looked for, and the passages that hold the words."""
    search = tag(
        "form",
        field("Words in an article or a trial", "query", name="query", required="required", value=query or None),
        choosing("Where", "corpus", CORPORA, corpus, name="corpus"),
        tag("button", "Search", type="submit"),
        class_="card", action="/evidence", role="search",
    )  # fmt: skip
    parts = (tag("h1", "Evidence"), tag("div", search, _between_form(), class_="cards"))
    found = _passages(service, query, corpus or None) if query else _of_answers(service)
    return page("Evidence", *parts, found, view="/evidence")


def _between_form(first: str = "", last: str = "") -> Html:
    return tag(
        "form",
        field("Paths in the graph from", "first", name="first", required="required", value=first or None),
        field("to", "last", name="last", required="required", value=last or None),
        tag("button", "Show paths", type="submit"),
        class_="card", action="/paths",
    )  # fmt: skip


def _of_answers(service: Service) -> Html | None:
    runs = service.list_traces(limit=RECENT)
    if not runs:
        return None
    told = tag("p", "Each answer has its evidence with filters, whole passages and the verdict of the check.",
               class_="hint")  # fmt: skip
    return tag("section", tag("h2", "Evidence of an answer"), told, run_table(runs, "/answers/{}/evidence"))


def _passages(service: Service, query: str, corpus: Literal["articles", "trials"] | None) -> Html:
    found = service.search(requests.FindPassages(query=query, corpus=corpus, limit=25))
    notes = (tag("p", note, class_="hint") for note in found.notes)
    items = tag("ul", *map(_passage, found.hits), class_="evidence") if found.hits else tag("p", "No passage.")
    return tag("section", tag("h2", f"{len(found.hits)} passages"), *notes, items)


def _passage(hit: Passage) -> Html:
    address = source_address(hit.document_id)
    source = tag("a", hit.document_id, href=address, rel="noreferrer") if address else tag("code", hit.document_id)
    facts = (str(hit.year or ""), f"phase {hit.phase}" if hit.phase else "", hit.status or "", hit.section)
    told = tag("p", source, " · ", " · ".join(fact for fact in facts if fact), class_="hint")
    kind = "trial" if hit.corpus == "trials" else "article"
    gone = tag("span", "retracted", class_="chip against") if hit.retracted else None
    title = tag("b", hit.title) if hit.title and hit.section != "title" else None
    return tag("li", tag("span", kind[:1].upper().replace("A", "P"), class_=f"key {kind}", title=kind),
               tag("div", gone, title, *_text(hit.text), told))  # fmt: skip


def _text(text: str) -> tuple[Html, ...]:
    """A passage, its end folded where it is long."""
    if len(text) <= SHOWN:
        return (tag("p", headed(text)),)
    whole = tag("details", tag("summary", "the whole passage"), tag("p", headed(text)), class_="passage")
    return tag("p", headed(shortened(text, SHOWN))), whole


@router.get("/paths")
def paths(service: Served, first: NameField, last: NameField) -> HTMLResponse:
    """The best paths between two entities, drawn and as a table."""
    try:
        found = service.paths(requests.FindPaths(first=first or "?", last=last or "?", limit=12))
    except KedrecError as error:
        return failed(error)
    title = f"From {found.first.name} to {found.last.name}"
    shown = _drawn(service, found) if found.paths else tag("p", "The graph has no path of up to three edges.")
    form = tag("div", _between_form(first, last), class_="cards")
    return page(title, tag("h1", title), form, shown, view="/evidence", islands=("paths",))


def _drawn(service: Service, found: results.Paths) -> Html:
    links: dict[Triple, DrawnEdge] = {}
    for at, path in enumerate(found.paths, 1):
        for edge in path.edges:
            link = links.setdefault(
                (edge.head, edge.relation, edge.tail), DrawnEdge(edge.head, edge.relation, edge.tail)
            )
            link.keys.append(f"path-{at}")
    ends = dict.fromkeys(end for head, _, tail in links for end in (head, tail))
    names = {entity: service.name_of(entity) for entity in ends}
    network = DrugPaths(found.first.id, found.last.id, tuple(links.values()), names)
    picture = drawing(network, entity_address, "#{}")
    head = tag("tr", *(tag("th", told, scope="col") for told in ("Path", "In words", "Edges", "Score")))
    rows = (_row(at, path) for at, path in enumerate(found.paths, 1))
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="paths")
    told = tag("p", "The least connected ways come first. Boxes lead to what the graph knows of them.", class_="hint")
    return tag("section", told, arrowheads(), tag("figure", picture, table))


def _row(at: int, path: results.NamedPath) -> Html:
    cells = (tag("td", path.text), tag("td", str(len(path.edges)), class_="number"))
    score = tag("td", f"{path.score:.3f}", class_="number")
    return tag("tr", tag("td", str(at)), *cells, score, data_path=f"path-{at}", id=f"path-{at}")
