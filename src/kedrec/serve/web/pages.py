"""The pages, each with an address of its own; all text of a run, a graph or an article is escaped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from kedrec.agents.trace_page.html import Html, tag
from kedrec.agents.trace_page.page import POLICY, facts, outcome, trace_page
from kedrec.agents.traces.labels import asked
from kedrec.errors import KedrecError
from kedrec.records import Trace
from kedrec.serve import requests
from kedrec.serve.problems_told import problem_of
from kedrec.serve.web import page_parts as parts
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import framed, policy
from kedrec.serve.web.streaming import while_waited_for

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
RECENT = 8
"""Runs on the first page."""
MOST_RUNS = 200
"""Runs on one page."""


def _page(title: str, *children: Html | None, status: int = 200) -> HTMLResponse:
    return HTMLResponse(framed(title, *children), status, {"content-security-policy": policy()})


def _failed(error: KedrecError) -> HTMLResponse:
    told = tag("p", str(error), class_="error", role="alert")
    return _page("No answer", tag("h1", "No answer"), told, status=problem_of(error)[0])


@router.get("/")
def home(service: Served) -> HTMLResponse:
    """Where one asks."""
    runs = service.list_traces(limit=RECENT)
    recent = tag("section", tag("h2", "Latest runs"), parts.run_table(runs)) if runs else None
    forms = tag("div", parts.compare_form(), parts.rank_form(), class_="cards")
    told = tag("p", "A research tool. It weighs what is written and gives no medical advice.", class_="hint")
    heading = tag("h1", "Which drug for which disease, and why")
    ask = parts.ask_form(new=True)
    return _page("Ask", heading, parts.standing(service.about()), ask, parts.working(), forms, recent, told)


@router.get("/answers/{id}")
def answer(id: requests.TraceId, service: Served, before: requests.TraceId | None = None) -> HTMLResponse:
    """An answer: the choice first, then why, drug by drug, and the evidence."""
    try:
        trace = service.trace(requests.WhichTrace(id=id))
        earlier = service.trace(requests.WhichTrace(id=before)) if before else None
    except KedrecError as error:
        return _failed(error)
    shown = {title: part for title, part in outcome(trace).items() if part is not None}
    links = [tag("a", title, href=f"#{title.lower()}") for title in shown if title]
    ways = tag("nav", *links, *_whole(trace), aria_label="On this page")
    notes = tag("div", id="notes-said", data_trace=trace.id)
    head = tag("div", tag("h1", asked(trace)), facts(trace), ways, notes)
    head = tag("div", head, parts.hidden_told(trace, earlier))
    more = (parts.ask_form(new=False), parts.again_form(trace), parts.working(), _origin(trace))
    return _page(asked(trace), head, *shown.values(), *more)


def _whole(trace: Trace) -> tuple[Html, Html]:
    return (
        tag("a", "Whole run", href=f"/runs/{trace.id}"),
        tag("a", "As JSON", href=f"/api/traces/{trace.id}", download=f"{trace.id}.json"),
    )


def _origin(trace: Trace) -> Html:
    """From what data the answer is, for whoever reads it on paper."""
    hashes = ", ".join(f"{name} {value}" for name, value in trace.data.items())
    told = f"Run {trace.id}, {trace.created}; {hashes}. kedrec {trace.versions.get('kedrec')}. Not medical advice."
    return tag("p", told, class_="hint")


@router.get("/ranking")
async def ranking(
    request: Request,
    service: Served,
    disease: Annotated[str, Query(min_length=1, max_length=500)],
    top: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """The drugs of the graph for a disease."""
    try:
        work = service.recommend(requests.Recommend(disease=disease, top=top))
        made = await while_waited_for(request, work)
    except KedrecError as error:
        return _failed(error)
    if isinstance(made, Response):
        return made
    told = tag("p", "Ranked by rule from the graph and the literature. Not medical advice.", class_="hint")
    title = f"Drugs for {made.disease.name}"
    return _page(title, tag("h1", title), tag("p", f"{made.disease.id}, setting {made.setting}", class_="hint"),
                 parts.ranked(made), told)  # fmt: skip


@router.get("/runs")
def runs(service: Served, text: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """The recorded runs."""
    found = service.list_traces(text, MOST_RUNS)
    table = parts.run_table(found) if found else tag("p", "No run holds these words." if text else "No runs yet.")
    return _page("Runs", tag("h1", "Runs"), parts.search_form(text), table)


@router.get("/runs/{id}")
def run(id: requests.TraceId, service: Served) -> HTMLResponse:
    """A recorded run, whole: the page that `kedrec trace show --html` writes."""
    try:
        trace = service.trace(requests.WhichTrace(id=id))
    except KedrecError as error:
        return _failed(error)
    return HTMLResponse(trace_page(trace), headers={"content-security-policy": f"{POLICY}; frame-ancestors 'none'"})
