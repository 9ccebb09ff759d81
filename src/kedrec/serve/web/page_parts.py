"""What stands on the pages: forms, how far an answer is, lists of runs and rankings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from kedrec.agents.recommend import RankedDrug, Ranking
from kedrec.agents.trace_page.citations import key_links
from kedrec.agents.trace_page.html import Html, tag
from kedrec.agents.trace_page.outcome import evidence_item
from kedrec.agents.traces.store import TraceSummary
from kedrec.records import Evidence, Recommendation, Trace, triples_of
from kedrec.serve.results import About

__all__ = [
    "again_form",
    "ask_form",
    "compare_form",
    "hidden_told",
    "rank_form",
    "ranked",
    "run_table",
    "search_form",
    "standing",
    "working",
]

SETTINGS = {"": "as the server was started", "both": "articles and trials", "articles": "articles", "trials": "trials",
            "none": "the graph alone"}  # fmt: skip


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
        tag("noscript", tag("p", "Asking needs JavaScript; runs and rankings can be read without.", class_="error")),
        class_="card",
        id="ask",
        data_ask="new" if new else "on",
    )


def compare_form() -> Html:
    """Fields for a disease and its drugs."""
    return tag(
        "form",
        tag("h2", "Compare"),
        _field("Disease", "disease"),
        tag("label", "Drugs, one a line", for_="drugs"),
        tag("textarea", id="drugs", required="required", maxlength=5000),
        tag("label", "Corpora", for_="setting"),
        tag("select", *(tag("option", told, value=value) for value, told in SETTINGS.items()), id="setting"),
        tag("button", "Compare", type="submit"),
        class_="card",
        id="compare",
        data_ask="compare",
    )


def rank_form() -> Html:
    """Fields for a ranking."""
    return tag(
        "form",
        tag("h2", "Rank"),
        _field("Disease to rank drugs for", "rank-disease", name="disease"),
        _field("Drugs to show", "top", name="top", type="number", min=1, max=100, value=10),
        tag("button", "Rank", type="submit"),
        class_="card",
        id="rank",
        action="/ranking",
    )


def search_form(text: str) -> Html:
    """The field that looks through runs."""
    return tag(
        "form",
        _field("Words in a run: disease, drug, model, outcome", "words", required=None, name="text", value=text),
        tag("button", "Search", type="submit"),
        class_="card",
        action="/runs",
        role="search",
    )


def _field(title: str, id: str, **attributes: Any) -> Html:
    given = {"required": "required", "maxlength": 500, **attributes}
    return tag("div", tag("label", title, for_=id), tag("input", id=id, **given))


def again_form(trace: Trace) -> Html | None:
    """The button that asks the same without direct edges; None where there were none to hide, or they were hidden."""
    made = trace.recommendation
    if made is None or "hidden_pairs" in trace.data or not any(map(_is_direct(made), made.evidence.values())):
        return None
    asked = {"disease": made.disease.id, "candidates": [drug.id for drug in made.candidates], "setting": made.setting}
    return tag(
        "form",
        tag("p", "The graph has direct edges between this disease and these drugs.", class_="hint"),
        tag("button", "Hide the direct edges and ask again", type="submit"),
        id="again",
        data_ask="again",
        data_asked=json.dumps(asked),
        data_trace=trace.id,
    )


def _is_direct(made: Recommendation) -> Callable[[Evidence], bool]:
    """Whether a piece of evidence is one edge between the disease and a candidate."""
    ends = {frozenset((made.disease.id, drug.id)) for drug in made.candidates}

    def is_direct(entry: Evidence) -> bool:
        triples = triples_of(entry.source_id) if entry.key.startswith("K") else ()
        return len(triples) == 1 and frozenset((triples[0][0], triples[0][2])) in ends

    return is_direct


def hidden_told(trace: Trace, before: Trace | None) -> Html | None:
    """That direct edges were hidden, and what the answer was before."""
    if "hidden_pairs" not in trace.data:
        return None
    told = "Answered with all direct edges between the disease and the drugs hidden."
    made = before.recommendation if before is not None else None
    if before is None or made is None:
        return tag("p", told, class_="hint")
    names = {drug.id: drug.name for drug in made.candidates}
    kind = "" if made.choice else "leaning to "
    outcome = f"{kind}{names[made.favoured]}, confidence {made.confidence:.2f}" if made.favoured else "no choice"
    link = tag("a", f"Before: {outcome}", href=f"/answers/{before.id}")
    return tag("p", told, " ", link, ".", class_="hint")


def working() -> Html:
    """Where the progress of an answer is shown, and what was said that is no answer."""
    steps = tag("ol", id="progress", role="log", aria_live="polite", aria_label="Steps")
    stop = tag("button", "Stop", type="button", id="stop", hidden="hidden")
    shown = tag("section", tag("h2", "At work"), steps, tag("p", class_="hint", id="counted"), stop,
                id="working", hidden="hidden")  # fmt: skip
    return tag("div", shown, tag("div", id="said", aria_live="polite"))


def standing(about: About) -> Html:
    """What is served, in a line."""
    documents = sum(about.documents.values())
    facts = (
        f"model {about.model}",
        f"setting {about.setting}",
        f"{about.entities:,} entities, {about.triples:,} triples, graph {about.graph_sha256[:8]}",
        f"{documents:,} documents",
        "answers are kept as runs" if about.records else "answers are forgotten when the server ends",
    )
    return tag("p", *(tag("span", fact, class_="pill") for fact in facts))


def run_table(runs: Iterable[TraceSummary]) -> Html:
    """Runs in a line each."""
    head = (tag("th", title, scope="col") for title in ("When", "Asked", "Outcome", "Model", "Setting", "Seconds"))
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *map(_run, runs)), class_="beside runs")
    return tag("div", table, class_="wide", role="region", tabindex=0, aria_label="Runs, the latest first")


def _run(run: TraceSummary) -> Html:
    asked = f"{run.disease}: {' or '.join(run.candidates)}"
    cells = (run.created[:16].replace("T", " "), tag("a", asked, href=f"/answers/{run.id}"), run.outcome, run.model)
    seconds = tag("td", f"{run.seconds:.2f}", class_="number")
    return tag("tr", *(tag("td", cell) for cell in cells), tag("td", run.setting), seconds)


def ranked(ranking: Ranking) -> Html:
    """Drugs for a disease, best first, with what speaks for each, and all evidence below."""
    drugs = (_drug(drug, ranking.evidence) for drug in ranking.drugs)
    notes = (tag("li", note) for note in ranking.not_found)
    missing = tag("section", tag("h2", "Notes"), tag("ul", *notes), id="missing") if ranking.not_found else None
    entries = (evidence_item(entry) for entry in ranking.evidence.values())
    found = tag("section", tag("h2", "Evidence"), tag("ul", *entries, class_="evidence"), id="evidence")
    against = (
        tag("p", one.sentence.text, " ", key_links(one.sentence.citations, ranking.evidence))
        for one in ranking.set_aside
    )
    aside = tag("section", tag("h2", "Left out: no treatment"), *against, id="set-aside") if ranking.set_aside else None
    return tag("div", tag("ol", *drugs, class_="rationale"), aside, missing, found if ranking.evidence else None)


def _drug(drug: RankedDrug, evidence: dict[str, Evidence]) -> Html:
    said = (tag("p", one.text, " ", key_links(one.citations, evidence)) for one in drug.sentences)
    return tag("li", tag("b", drug.name), tag("small", f" {drug.id}, score {drug.score:+.2f}"), *said)
