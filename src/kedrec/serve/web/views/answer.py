"""An answer: the choice first, then why, the drugs side by side, how the evidence weighs, the paths, all evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from kedrec.agents.answer_html.html import Html, tag
from kedrec.agents.answer_html.page import facts, outcome, trace_page
from kedrec.agents.traces.labels import asked
from kedrec.errors import KedrecError
from kedrec.records import Recommendation, Trace
from kedrec.records.verdict import NO_CHOICE
from kedrec.serve import requests
from kedrec.serve.recorded.answer_as_markdown import markdown_of
from kedrec.serve.web.api import Served
from kedrec.serve.web.guard import CLOSED
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.views import forms
from kedrec.serve.web.views.failed import failed

__all__ = ["origin", "router"]

router = APIRouter()
MEDIA = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8", "json": "application/json"}
"""Form of an export -> its media type."""


@router.get("/answers/{id}")
def answer(id: requests.TraceId, service: Served, before: requests.TraceId | None = None) -> HTMLResponse:
    """An answer."""
    try:
        trace = service.trace(requests.WhichTrace(id=id))
        earlier = service.trace(requests.WhichTrace(id=before)) if before else None
    except KedrecError as error:
        return failed(error)
    shown = {title: part for title, part in outcome(trace, entity_address).items() if part is not None}
    links = [tag("a", title, href=f"#{title.lower()}") for title in shown if title]
    ways = tag("nav", *links, class_="ways", aria_label="On this page")
    notes = tag("div", id="notes-said", data_trace=trace.id)
    head = tag("div", tag("h1", asked(trace)), facts(trace), _understood(trace), ways, notes, _before(trace, earlier),
               data_evidence_view=f"/answers/{trace.id}/evidence")  # fmt: skip
    first = [part for title, part in shown.items() if title in ("Choice", "")]
    rest = [part for title, part in shown.items() if title not in ("Choice", "")]
    on = (forms.ask_form(new=False), forms.working(), forms.again_form(trace))
    islands = ("asking", "citations", "paths")
    return page(asked(trace), head, *first, *on, *rest, _ways(trace), origin(trace), view="/compare", islands=islands)


def entity_address(entity_id: str) -> str:
    """Where an entity of the graph is shown."""
    return f"/entity?{urlencode({'id': entity_id})}"


def _understood(trace: Trace) -> Html | None:
    """What the names were taken for, and where to change that."""
    made = trace.recommendation
    told = [f"{one.query} = {one.entity.name} ({one.entity.id.partition('::')[2]})"
            for one in (made.matches if made else ()) if one.entity]  # fmt: skip
    if made is None or not told:
        return None
    change = tag("a", "change", href=variant_address(trace, made))
    return tag("p", f"Understood: {'; '.join(told)}. ", change, class_="hint")


def _before(trace: Trace, before: Trace | None) -> Html | None:
    """That direct edges were hidden, and what the answer was before."""
    hidden = "Answered with all direct edges between the disease and the drugs hidden." if _hides(trace) else None
    made = before.recommendation if before is not None else None
    if before is None or made is None:
        return tag("p", hidden, class_="hint") if hidden else None
    leaning = "" if made.choice else "leaning to "
    told = f"{leaning}{made.name_of(made.favoured)}, {made.sure}" if made.favoured else NO_CHOICE.lower()
    link = tag("a", f"Before: {told}", href=f"/answers/{before.id}")
    both = tag("a", "What changed", href=f"/diff?{urlencode({'a': before.id, 'b': trace.id})}")
    return tag("p", hidden, " " if hidden else None, link, ". ", both, ".", class_="hint")


def _hides(trace: Trace) -> bool:
    return "hidden_pairs" in trace.data


def _ways(trace: Trace) -> Html:
    """What can be done with an answer."""
    made = trace.recommendation
    variant = tag("a", "Change a drug or the disease", href=variant_address(trace, made)) if made else None
    links = (
        tag("a", "Search its evidence", href=f"/answers/{trace.id}/evidence") if made else None,
        variant,
        tag("a", "Steps of the run: look up, replay, fork", href=f"/runs/{trace.id}"),
    )
    forms_of = {"html": "page in one file", "md": "Markdown", "json": "JSON"}
    files = (
        tag("a", told, href=f"/answers/{trace.id}/export?form={form}", download=f"{trace.id}.{form}")
        for form, told in forms_of.items()
    )
    saved = tag("p", "Keep it, with citations, hashes and date: ", *_comma(files), "; or print this page.")
    return tag(
        "section", tag("h2", "Go on"), tag("p", *_comma(link for link in links if link)), saved, class_="noprint"
    )


def variant_address(trace: Trace, made: Recommendation) -> str:
    """Where the same question is filled in, to be changed."""
    said = {match.entity.id: match.query for match in made.matches if match.entity}
    drugs = "\n".join(said.get(drug.id, drug.id) for drug in made.candidates)
    filled = {"disease": said.get(made.disease.id, made.disease.id), "drugs": drugs, "setting": made.setting,
              "before": trace.id}  # fmt: skip
    return f"/compare?{urlencode(filled | ({'hide': 'true'} if _hides(trace) else {}))}"


def _comma(links: Iterable[Html]) -> list[str]:
    parts: list[str] = []
    for link in links:
        parts += [" · ", link] if parts else [link]
    return parts


def origin(trace: Trace) -> Html:
    """From what data the answer is, for whoever reads it on paper."""
    hashes = ", ".join(f"{name} {value}" for name, value in trace.data.items())
    told = f"Run {trace.id}, {trace.created}; {hashes}. kedrec {trace.versions.get('kedrec')}. Not medical advice."
    return tag("p", told, class_="hint origin")


@router.get("/answers/{id}/export")
def export(id: requests.TraceId, service: Served, form: Literal["html", "md", "json"] = "html") -> Response:
    """An answer as a file that keeps its citations, hashes and date."""
    try:
        trace = service.trace(requests.WhichTrace(id=id))
    except KedrecError as error:
        return failed(error)
    written = {"html": trace_page, "md": markdown_of}.get(form, _json)(trace)
    headers = {"content-disposition": f'attachment; filename="{trace.id}.{form}"', "content-security-policy": CLOSED}
    return Response(written.encode("utf-8", "replace"), media_type=MEDIA[form], headers=headers)


def _json(trace: Trace) -> str:
    return trace.model_dump_json(indent=1)
