"""The forms of the page: each works by keyboard, names its fields, and shows how far the work is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kedrec.agents.answer_html.html import Child, Html, tag
from kedrec.agents.answer_html.page import READ_IN
from kedrec.records import Evidence, Recommendation, Trace, triples_of

__all__ = ["again_form", "ask_form", "choosing", "compare_form", "field", "rank_form", "tick", "working"]


def ask_form(*, new: bool) -> Html:
    """The field for a question in plain words.

    Args:
        new: whether it begins a conversation; else it goes on with the last one.
    """
    title = "Question" if new else "Ask on, or ask about a side of this answer"
    hint = (
        "For instance: Would infliximab or etanercept be the better choice for Crohn disease?"
        if new
        else "For instance: what about its safety? and compared with methotrexate?"
    )
    return tag(
        "form",
        tag("label", title, for_="text"),
        tag("textarea", id="text", required="required", maxlength=4000, aria_describedby="text-hint"),
        tag("p", hint, class_="hint", id="text-hint"),
        tag("button", "Ask", type="submit"),
        tag("noscript", tag("p", "Asking needs JavaScript; everything else can be read without.", class_="error")),
        class_="card",
        id="ask",
        data_ask="new" if new else "on",
    )


def compare_form(disease: str = "", drugs: str = "", setting: str = "", *, hide: bool = False, trace: str = "") -> Html:
    """Fields for a disease and its drugs.

    Args:
        disease: name or id that stands there already.
        drugs: the same of drugs, one a line.
        setting: corpora that are chosen.
        hide: whether direct edges are to be hidden.
        trace: id of the question that it is a variant of.
    """
    return tag(
        "form",
        field("Disease", "disease", required="required", value=disease or None),
        _understood("disease"),
        tag("label", "Drugs, one a line", for_="drugs"),
        tag("textarea", drugs, id="drugs", required="required", maxlength=5000),
        _understood("drugs"),
        choosing("Evidence", "setting", READ_IN, setting),
        tick("Leave out what the graph states directly of the disease and the drugs (direct edges)", "hide", on=hide),
        tag("div", tag("button", "Compare", type="submit")),
        tag("noscript", tag("p", "Comparing needs JavaScript.", class_="error")),
        class_="card",
        id="compare",
        data_ask="compare",
        data_trace=trace or None,
    )


def _understood(name: str) -> Html:
    return tag("p", id=f"{name}-understood", class_="hint understood", aria_live="polite")


def rank_form() -> Html:
    """Fields for a ranking."""
    return tag(
        "form",
        tag("h2", "Rank"),
        tag("p", "All drugs of the graph for a disease, best first.", class_="hint"),
        field("Disease to rank drugs for", "rank-disease", name="disease", required="required"),
        field("Drugs to show", "top", name="top", type="number", min=1, max=100, value=10),
        tag("button", "Rank", type="submit"),
        class_="card",
        id="rank",
        action="/ranking",
    )


def field(title: str, id: str, **attributes: Any) -> Html:
    """A field of one line with its label."""
    return tag("div", tag("label", title, for_=id), tag("input", id=id, **{"maxlength": 500, **attributes}))


def choosing(title: str, id: str, options: Mapping[str, str], chosen: str = "", **attributes: Any) -> Html:
    """A field that takes one of several values, with its label.

    Args:
        title: the label.
        id: of the field.
        options: value -> what is said of it.
        chosen: the value that stands there.
        attributes: of the field.
    """
    made = (
        tag("option", told, value=value, selected="selected" if value == chosen else None)
        for value, told in options.items()
    )
    return tag("div", tag("label", title, for_=id), tag("select", *made, id=id, **attributes))


def tick(title: str, id: str, *, on: bool = False, **attributes: Any) -> Html:
    """A box to tick, with its label."""
    box = tag("input", type="checkbox", id=id, checked="checked" if on else None, **attributes)
    return tag("label", box, title, for_=id, class_="tick")


def again_form(trace: Trace) -> Html | None:
    """The button that asks the same without direct edges; None where there were none to hide, or they were hidden."""
    made = trace.recommendation
    if made is None or "hidden_pairs" in trace.data or not any(map(_is_direct(made), made.evidence.values())):
        return None
    asked = {"disease": made.disease.id, "candidates": [drug.id for drug in made.candidates], "setting": made.setting}
    return tag(
        "form",
        tag("p", "The graph states a use of these drugs in this disease itself, by direct edges. What speaks for them "
            "without that?", class_="hint"),
        tag("button", "Hide the direct edges and ask again", type="submit", class_="plain"),
        id="again",
        data_ask="again",
        data_asked=json.dumps(asked),
        data_trace=trace.id,
    )  # fmt: skip


def _is_direct(made: Recommendation) -> Callable[[Evidence], bool]:
    """Whether a piece of evidence is one edge between the disease and a candidate."""
    ends = {frozenset((made.disease.id, drug.id)) for drug in made.candidates}

    def is_direct(entry: Evidence) -> bool:
        triples = triples_of(entry.source_id) if entry.key.startswith("K") else ()
        return len(triples) == 1 and frozenset((triples[0][0], triples[0][2])) in ends

    return is_direct


def working(more: Iterable[Child] = ()) -> Html:
    """Where the progress of an answer is shown, and what was said that is no answer."""
    steps = tag("ol", id="progress", role="log", aria_live="polite", aria_label="Steps")
    stop = tag("button", "Stop", type="button", id="stop", hidden="hidden")
    shown = tag("section", tag("h2", "At work"), steps, tag("p", class_="hint", id="counted"), stop,
                id="working", hidden="hidden")  # fmt: skip
    return tag("div", shown, tag("div", *more, id="said", aria_live="polite"))
