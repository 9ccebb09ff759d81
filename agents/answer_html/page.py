"""A run as one page: nothing is loaded, nothing is run, every text of the run is escaped."""

from __future__ import annotations

import json

from kedrec.agents.answer_html import outcome as outcome_parts
from kedrec.agents.answer_html.calls import steps
from kedrec.agents.answer_html.domain_answers import answers
from kedrec.agents.answer_html.evidence import evidence
from kedrec.agents.answer_html.graph_svg import Address
from kedrec.agents.answer_html.html import Html, join, tag
from kedrec.agents.answer_html.style import STYLE
from kedrec.agents.traces.labels import asked
from kedrec.records import Entity, Recommendation, Trace

__all__ = ["POLICY", "READ_IN", "facts", "made_by", "outcome", "trace_page", "understood"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may do with the page: show it."""
READ_IN = {"none": "the graph alone", "trials": "graph and trials", "articles": "graph and articles",
           "both": "graph, articles and trials"}  # fmt: skip
"""Setting -> what is read for an answer, in words."""


def trace_page(trace: Trace) -> str:
    """The page, as HTML; passages and a model's words cannot become markup in it."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{asked(trace)} · KEDRec"),
        tag("style", Html(STYLE)),
    )
    parts = {**outcome(trace), **made_by(trace)}
    there = {title: part for title, part in parts.items() if part is not None}
    told = tag("p", f"KEDRec run {trace.id} · {trace.created}", class_="hint")
    links = tag("nav", *(tag("a", title, href=f"#{title.lower()}") for title in there if title))
    by_rule = "Weighed by rule, no language model. " if trace.config.get("model") == "offline" else ""
    footer = tag("footer", tag("p", f"{by_rule}Not medical advice.", class_="hint"))
    body = tag(
        "body",
        tag("main", tag("header", told, tag("h1", asked(trace)), facts(trace), links), *there.values(), footer),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def facts(trace: Trace) -> Html:
    """With what the run was made, and what it took."""
    used, setting = trace.usage, str(trace.question.get("setting"))
    told = [
        f"evidence: {READ_IN.get(setting, setting)}",
        f"model {trace.config.get('model')}",
        f"{len(trace.calls)} calls",
        f"{used.input_tokens + used.output_tokens:,} tokens" if used.input_tokens else "",
        f"${used.cost:.4f}" if used.cost else "",
        f"{trace.seconds:.2f} s",
    ]
    pills = tag("p", *(tag("span", fact, class_="pill") for fact in told if fact))
    origin = trace.config.get("forked_from")
    if not origin:
        forked = None
    else:
        origin_told = f"Forked from {origin.get('trace')} at call {origin.get('call')} ({origin.get('step')}), run by "
        forked = tag("p", origin_told, str(origin.get("model")), class_="hint")
    return join(pills, forked)


def outcome(trace: Trace, address: Address | None = None) -> dict[str, Html | None]:
    """The outcome of the run, by title; without one where nothing leads there.

    Args:
        trace: the run.
        address: where an entity of the pictures is shown; they lead nowhere without.
    """
    made = trace.recommendation
    if made is None:
        failed = trace.error or {"type": "", "message": "The run came to no end."}
        said = tag("p", f"Failed: {failed['type']}: {failed['message']}", class_="verdict error")
        return {"Choice": tag("section", said, id="choice")}
    return {
        "Choice": outcome_parts.choice(made),
        "": outcome_parts.notes(made),
        "Questions": answers(made),
        "Weights": outcome_parts.weights(made),
        "Paths": outcome_parts.paths(made, address),
        "Evidence": evidence(made, understood(made)),
    }


def understood(made: Recommendation) -> str:
    """What each name was taken for, and how it was found."""
    return "; ".join(_understood(match.query, match.entity, match.match) for match in made.matches)


def _understood(query: str, entity: Entity | None, how: str) -> str:
    """The id tells what was meant; how the name was found, only where that is more than another way to write it."""
    if entity is None:
        return f"{query}: {how}"
    return f"{query} = {entity.name} ({entity.id}{f', {how}' if how in ('synonym', 'given') else ''})"


def made_by(trace: Trace) -> dict[str, Html | None]:
    """How the outcome was made, by title: every call, and with what."""
    found = trace.recommendation.evidence if trace.recommendation else {}
    named = {"data": trace.data, "config": trace.config, "versions": trace.versions, "prompts": trace.prompts}
    folded = (
        tag("details", tag("summary", name), tag("pre", json.dumps(value, ensure_ascii=False, indent=1)))
        for name, value in named.items()
    )
    return {"Steps": steps(trace, found), "About": tag("section", tag("h2", "About this run"), *folded, id="about")}
