"""The view Runs: recorded questions found by words, tool, drug, model and outcome, and the batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.html import Html, tag, wide_table
from kedrec.agents.traces.store import TraceSummary
from kedrec.distill.runs.folder import RunStatus
from kedrec.serve.kept_runs import KeptRun
from kedrec.serve.recorded.finding import FoundQuestions, QuestionFilter, find_questions
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.views.forms import choosing, field

__all__ = ["router", "run_table"]

router = APIRouter()
MOST_RUNS = 200
"""Questions on one page."""
OUTCOMES = {"": "any", "chosen": "a drug was chosen", "none": "no choice", "failed": "failed"}
SearchWords = Annotated[str, Query(max_length=200)]


@router.get("/runs")
def runs(  # noqa: PLR0917 - fields of the form
    service: Served,
    text: SearchWords = "",
    tool: SearchWords = "",
    drug: SearchWords = "",
    model: SearchWords = "",
    outcome: Literal["", "chosen", "none", "failed"] = "",
) -> HTMLResponse:
    """The recorded questions and the batches."""
    wanted = QuestionFilter(text=text, tool=tool, drug=drug, model=model, outcome=outcome)
    found = find_questions(service.traces, wanted, MOST_RUNS)
    filled = any(wanted.model_dump().values())
    nothing = tag("p", "No recorded question has all of that." if filled else "No questions yet.")
    table = run_table(found.questions, choose=True) if found.questions else nothing
    tools = sorted(service.agent.resources.toolbox(service.settings.setting).names)
    parts = (tag("h1", "Runs"), _batches(service.runs.list()) if not filled else None)
    questions = tag("section", tag("h2", "Questions"), _search(wanted, tools), _counted(found), _beside(table))
    return page("Runs", *parts, questions, view="/runs")


def _search(wanted: QuestionFilter, tools: Iterable[str]) -> Html:
    named = {"": "any", **{name: name.replace("_", " ") for name in tools}}
    fields = tag(
        "div",
        field("Drug", "drug", name="drug", value=wanted.drug),
        choosing("Tool that was called", "tool", named, wanted.tool, name="tool"),
        field("Model", "model", name="model", value=wanted.model),
        choosing("Outcome", "outcome", OUTCOMES, wanted.outcome, name="outcome"),
        class_="fields",
    )
    return tag(
        "form",
        tag("p", "All that is filled in must hold.", class_="hint"),
        field("Words anywhere in a run: names, answer, evidence, error", "words", name="text", value=wanted.text),
        fields,
        tag("button", "Search", type="submit"),
        tag("a", "Reset", href="/runs", class_="button"),
        class_="card",
        action="/runs",
        role="search",
    )


def _counted(found: FoundQuestions) -> Html:
    more = "; older ones were not looked through" if found.more else ""
    told = f"{len(found.questions)} found among the latest {found.looked_at:,}{more}."
    return tag("p", told, class_="hint", role="status")


def _beside(table: Html) -> Html:
    """The table in a form that compares the two that are chosen."""
    told = tag("p", "To compare two, choose one as A and one as B. ",
               tag("button", "Compare A and B", type="submit", class_="plain"), class_="hint")  # fmt: skip
    return tag("form", told, table, action="/diff", id="beside")


def run_table(runs: Iterable[TraceSummary], address: str = "/answers/{}", *, choose: bool = False) -> Html:
    """Recorded questions in a line each.

    Args:
        runs: their summaries.
        address: where each leads, with `{}` for its id.
        choose: whether two can be chosen to be compared.
    """
    titles = ("When", "Asked", "Outcome", "Model", "Setting", "Seconds", *(("A", "B") if choose else ()))
    head = tag("tr", *(tag("th", title, scope="col") for title in titles))
    body = tag("tbody", *(_run(run, address, choose) for run in runs))
    table = tag("table", tag("thead", head), body, class_="beside runs")
    return wide_table(table, "Questions, the latest first")


def _run(run: TraceSummary, address: str, choose: bool) -> Html:
    asked = f"{run.disease}: {' or '.join(run.candidates)}"
    outcome = run.outcome
    link = tag("a", asked, href=address.replace("{}", run.id))
    ticks = [_tick(side, run, asked) for side in ("a", "b")] if choose else []
    return tag(
        "tr",
        tag("td", run.created[:16].replace("T", " ")),
        tag("td", link, class_="asked"),
        tag("td", outcome, class_="outcome"),
        tag("td", run.model),
        tag("td", run.setting),
        tag("td", f"{run.seconds:.2f}", class_="number"),
        *ticks,
    )


def _tick(side: str, run: TraceSummary, asked: str) -> Html:
    told = f"{side.upper()}: {asked}, {run.created[:16]}"
    return tag("td", tag("input", type="radio", name=side, value=run.id, aria_label=told, required="required"))


def _batches(found: Iterable[KeptRun]) -> Html | None:
    rows = [_batch(one) for one in found]
    if not rows:
        return None
    titles = ("Batch", "Model", "Setting", "Pairs", "Done", "Failed", "Spent", "State")
    head = tag("tr", *(tag("th", title, scope="col") for title in titles))
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="figures")
    told = tag("p", "Runs over many pairs, made by ", tag("code", "kedrec runs start"), ".", class_="hint")
    wide = wide_table(table, "Batches, the latest first")
    return tag("section", tag("h2", "Batches"), told, wide)


def _state(status: RunStatus) -> Html | str:
    if status.running:
        return tag("span", "at work", class_="chip supports")
    return "done" if status.done + sum(status.failed.values()) == status.pairs else "stopped"


def _batch(one: KeptRun) -> Html:
    status = one.status
    figures = (status.pairs, status.done, sum(status.failed.values()))
    spent = f"${status.spent.cost:.2f}" if status.spent.cost else "–"
    return tag(
        "tr",
        tag("td", tag("a", one.name, href=f"/batches/{one.name}")),
        tag("td", one.info.model),
        tag("td", one.info.setting),
        *(tag("td", f"{figure:,}", class_="number") for figure in figures),
        tag("td", spent, class_="number"),
        tag("td", _state(status)),
    )
