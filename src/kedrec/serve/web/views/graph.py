"""What the graph knows of one entity: counts before edges, so that a hub stays readable."""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.html import Html, tag, wide_table
from kedrec.errors import UnknownEntity
from kedrec.records import Edge, Entity
from kedrec.serve.service import Service
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.views.answer import entity_address
from kedrec.serve.web.views.failed import failed
from kedrec.tools.text.graph_sentences import relation_verb

__all__ = ["router"]

router = APIRouter()
MOST_COUNTED = 20_000
"""Edges of an entity that are counted."""
MOST_LISTED = 200
"""Edges that are listed."""


@router.get("/entity")
def entity(
    service: Served,
    id: Annotated[str, Query(min_length=1, max_length=500)],
    relation: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Counts by relation, and the edges of one of them."""
    store = service.agent.resources.store
    found = store.get(id)
    if found is None:
        return failed(UnknownEntity(f"The graph has no entity with the id {id!r}."))
    edges = store.neighbours(found.id, limit=MOST_COUNTED)
    counts = Counter(edge.relation for edge in edges)
    listed = [edge for edge in edges if edge.relation == relation] if relation else edges
    return page(found.name, tag("h1", found.name), _about(found, len(edges)), _counts(found, counts, relation),
                _edges(service, found, listed, relation), view="/evidence")  # fmt: skip


def _about(found: Entity, edges: int) -> Html:
    names = f" Also: {', '.join(found.synonyms[:12])}." if found.synonyms else ""
    counted = f"{edges:,} edges" if edges < MOST_COUNTED else f"{MOST_COUNTED:,} edges or more"
    return tag("p", tag("code", found.id), f" · {found.kind} · {counted}.{names}", class_="hint")


def _counts(found: Entity, counts: Counter[str], chosen: str) -> Html:
    rows = (
        tag("tr",
            tag("td", tag("a", relation_verb(relation), href=_address(found.id, relation),
                          aria_current="true" if relation == chosen else None)),
            tag("td", tag("code", relation)), tag("td", f"{count:,}", class_="number"))
        for relation, count in counts.most_common()
    )  # fmt: skip
    head = tag("tr", *(tag("th", title, scope="col") for title in ("Relation", "In DRKG", "Edges")))
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="figures")
    reset = tag("p", tag("a", "All relations", href=entity_address(found.id))) if chosen else None
    return tag("section", tag("h2", "How many edges of each relation"), wide_table(table, "Relations"), reset)


def _address(entity_id: str, relation: str) -> str:
    return f"/entity?{urlencode({'id': entity_id, 'relation': relation})}"


def _edges(service: Service, found: Entity, listed: list[Edge], relation: str) -> Html:
    shown = listed[:MOST_LISTED]
    title = f"{relation_verb(relation)}: {len(listed):,}" if relation else "Edges"
    more = (
        f" The first {MOST_LISTED}, those with the least connected other end first." if len(listed) > len(shown) else ""
    )
    head = tag("tr", *(tag("th", one, scope="col") for one in ("From", "Relation", "To", "Source")))
    rows = (_edge(service, found, edge) for edge in shown)
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="figures")
    return tag("section", tag("h2", title), tag("p", more, class_="hint"), wide_table(table, title))


def _edge(service: Service, found: Entity, edge: Edge) -> Html:
    def end(entity: str) -> Html:
        name = service.name_of(entity)
        return tag("td", name if entity in found.ids else tag("a", name, href=entity_address(entity)))

    return tag("tr", end(edge.head), tag("td", relation_verb(edge.relation)), end(edge.tail), tag("td", edge.source))
