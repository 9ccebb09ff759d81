"""One recorded question, step by step; replayed, forked, and beside another one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from kedrec.agents.answer_html.evidence import evidence
from kedrec.agents.answer_html.html import Html, tag, wide_table
from kedrec.agents.answer_html.page import facts, made_by, understood
from kedrec.agents.replay.diff import TraceChange, TraceDiff
from kedrec.agents.traces.labels import asked
from kedrec.agents.traces.store import TraceSummary
from kedrec.errors import KedrecError
from kedrec.records import Trace, triples_of
from kedrec.serve import requests
from kedrec.serve.recorded.replay_and_fork import compared, models_to_fork_to, replayed
from kedrec.serve.service import Service
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.streaming import while_waited_for
from kedrec.serve.web.views import forms
from kedrec.serve.web.views.answer import origin, variant_address
from kedrec.serve.web.views.failed import failed

__all__ = ["router"]

router = APIRouter()
FIRST = ("choice", "confidence", "error", "failed", "rationale", "answers", "weights")
"""Parts that a reader of two runs wants to see first."""
OPEN = ("choice", "confidence", "error", "failed", "rationale", "weights")
"""Parts whose changes are not folded."""
RECENT = 40
"""Runs that another one can be compared with here."""
LONGEST = 1_500
"""Characters of one side of a change."""


@router.get("/runs/{id}")
def run(id: requests.TraceId, service: Served) -> HTMLResponse:
    """A recorded question: every call, and what can be done with it."""
    try:
        trace = service.trace(requests.WhichTrace(id=id))
    except KedrecError as error:
        return failed(error)
    made = trace.recommendation
    found = evidence(made, understood(made), f"/answers/{trace.id}") if made else None
    shown = {"Go on": _go_on(service, trace), **made_by(trace), "Evidence": found}
    links = (tag("a", title, href=f"#{title.lower().replace(' ', '-')}") for title, part in shown.items() if part)
    ways = tag("nav", tag("a", "The answer", href=f"/answers/{trace.id}"), *links, class_="ways",
               aria_label="On this page")  # fmt: skip
    head = tag("div", tag("h1", asked(trace)), facts(trace), tag("p", _told(trace), class_="verdict"), ways,
               data_evidence_view=f"/answers/{trace.id}/evidence")  # fmt: skip
    return page(asked(trace), head, *shown.values(), origin(trace), view="/runs", islands=("asking", "citations"))


def _told(trace: Trace) -> str:
    """The outcome in a line."""
    made = trace.recommendation
    if made is None:
        return f"Failed: {(trace.error or {}).get('message', 'the run came to no end')}"
    return f"{made.name_of(made.choice)}, {made.sure}" if made.choice else made.undecided


def _go_on(service: Service, trace: Trace) -> Html:
    replay = tag("form", tag("h3", "Replay"), tag("p", "Runs the same code on the recorded results, calls nothing, and "
                 "says whether all comes out the same.", class_="hint"),
                 tag("button", "Replay", type="submit", class_="plain"),
                 class_="card", action=f"/runs/{trace.id}/replay")  # fmt: skip
    cards = tag("div", replay, _fork_form(service, trace), _other(service, trace), class_="cards")
    return tag("section", tag("h2", "Go on from here"), cards, forms.working(), id="go-on")


def _fork_form(service: Service, trace: Trace) -> Html | None:
    """Keeps what was found up to a step, and goes on live."""
    steps = {call.step: call.step for call in trace.calls}
    models = {model: model for model in models_to_fork_to(service, trace)}
    if not steps or not models:
        return None
    return tag(
        "form",
        tag("h3", "Fork"),
        tag("p", "Keeps the record up to a step and goes on live from there.", class_="hint"),
        forms.choosing("From", "step", steps, "answer" if "answer" in steps else ""),
        forms.choosing("With the model", "model", models),
        tag("button", "Fork", type="submit", class_="plain"),
        class_="card",
        data_ask="fork",
        data_trace=trace.id,
    )


def _other(service: Service, trace: Trace) -> Html | None:
    """The same question with other drugs, and another run to compare with."""
    made = trace.recommendation
    if made is None:
        return None
    others = {one.id: _line(one) for one in service.list_traces(limit=RECENT) if one.id != trace.id}
    variant = tag("p", tag("a", "Ask with another drug or disease", href=variant_address(trace, made)),
                  "; afterwards both answers are compared.")  # fmt: skip
    beside = tag(
        "form",
        tag("input", type="hidden", name="a", value=trace.id),
        forms.choosing("Compare with", "b", others, name="b"),
        tag("button", "What changed", type="submit", class_="plain"),
        action="/diff",
    )
    return tag("div", tag("h3", "Another question"), variant, beside if others else None, class_="card")


def _line(one: TraceSummary) -> str:
    """A run in an entry of a list."""
    return f"{one.disease}: {' or '.join(one.candidates)} ({one.created[5:16].replace('T', ' ')})"


@router.get("/runs/{id}/replay")
async def replay(id: requests.TraceId, request: Request, service: Served) -> Response:
    """Whether the run comes out the same from its record."""
    try:
        found = await while_waited_for(request, replayed(service, id))
    except KedrecError as error:
        return failed(error)
    if isinstance(found, Response):
        return found
    back = tag("p", tag("a", f"Run {id}", href=f"/runs/{id}"))
    if found.first_difference is None:
        told = tag("p", tag("b", "The same. "), "Every request and the outcome came out as recorded.",
                   class_="verdict", role="status")  # fmt: skip
        return page("Replay", tag("h1", "Replay"), back, told, view="/runs")
    first = found.first_difference
    told = tag("p", tag("b", "Not the same. "), f"The first difference is at {first.step}.", class_="verdict error")
    recorded, now = first.excerpt(LONGEST)
    cards = (
        tag("div", tag("h3", title), tag("pre", text), class_="card")
        for title, text in [("Recorded", recorded), ("Now", now)]
    )
    sides = tag("div", *cards, class_="cards")
    why = tag("p", "Code, prompts or settings have changed since it was recorded.", class_="hint")
    return page("Replay", tag("h1", "Replay"), back, told, sides, why, view="/runs")


@router.get("/diff")
def diff(a: requests.TraceId, b: requests.TraceId, service: Served) -> HTMLResponse:
    """What changed from one run to another."""
    try:
        one, other = (service.trace(requests.WhichTrace(id=id)) for id in (a, b))
        found = compared(service, a, b)
    except KedrecError as error:
        return failed(error)
    cards = (_side(name, trace) for name, trace in (("A", one), ("B", other)))
    swap = tag("p", tag("a", "Swap A and B", href=f"/diff?{urlencode({'a': other.id, 'b': one.id})}"), class_="noprint")
    head = (tag("h1", "Two runs"), tag("div", *cards, class_="cards"), swap)
    return page("Two runs", *head, *_changes(found, _names(one, other)), view="/runs")


def _side(name: str, trace: Trace) -> Html:
    link = tag("a", asked(trace), href=f"/answers/{trace.id}")
    pills = facts(trace)
    return tag("div", tag("h2", f"{name}: ", link), tag("p", _told(trace), class_="verdict"), pills,
               tag("p", trace.id, " · ", trace.created, class_="hint"), class_="card")  # fmt: skip


def _names(*traces: Trace) -> dict[str, str]:
    """Id of each drug -> its name."""
    made = [trace.recommendation for trace in traces if trace.recommendation]
    return {drug.id: drug.name for one in made for drug in one.candidates}


def _changes(found: TraceDiff, names: Mapping[str, str]) -> list[Html]:
    if not found.changes:
        return [tag("p", "The same in everything that is compared.", role="status")]
    ordered = sorted(found.changes, key=lambda one: FIRST.index(one.part) if one.part in FIRST else len(FIRST))
    return [_part(part, list(changes), names) for part, changes in groupby(ordered, lambda one: one.part)]


def _part(part: str, changes: Sequence[TraceChange], names: Mapping[str, str]) -> Html:
    head = tag("tr", *(tag("th", title, scope="col") for title in ("What", "A", "B")))
    rows = (_change(change, names) for change in changes)
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="figures")
    wide = wide_table(table, f"Changes of {part}")
    if part == "rationale":
        return _rationales(changes)
    if part not in OPEN:
        told = f"{len(changes)} changes" if len(changes) > 1 else "one change"
        wide = tag("details", tag("summary", told), wide)
    return tag("section", tag("h2", part.capitalize()), wide)


def _rationales(changes: Sequence[TraceChange]) -> Html:
    """The sentences that only one of both has, side by side, each with its sources."""
    sides = {
        "Only in A": [one for one in changes if one.after is None],
        "Only in B": [one for one in changes if one.before is None],
        "In both, with other sources": [one for one in changes if None not in (one.before, one.after)],
    }
    cards = (
        tag("div", tag("h3", title), tag("ul", *(_sentence(one) for one in found)), class_="card")
        for title, found in sides.items() if found
    )  # fmt: skip
    return tag("section", tag("h2", "Rationale"), tag("div", *cards, class_="cards"))


def _sentence(one: TraceChange) -> Html:
    sources = dict.fromkeys([*(one.before or ()), *(one.after or ())])
    return tag("li", one.what, " ", tag("small", "; ".join(_short(source) for source in sources)))


def _short(source: str) -> str:
    """A source in few words: of the graph, only how many edges."""
    edges = len(triples_of(source))
    return f"graph, {edges} edge{'s' if edges > 1 else ''}" if edges else source


def _change(change: TraceChange, names: Mapping[str, str]) -> Html:
    before, after = _plain(change.before), _plain(change.after)
    first = tag("td", before or "–", class_="before gone" if change.after is None else "before")
    last = tag("td", after or "–", class_="before new" if change.before is None else "before")
    return tag("tr", tag("th", names.get(change.what, _plain(change.what)) or change.part, scope="row"), first, last)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _json(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_plain(one)}" for key, one in value.items())
    return f"{value:.4f}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
