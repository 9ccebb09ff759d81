"""One batch: how far it is while it goes on, and its questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from starlette.responses import HTMLResponse

from kedrec.agents.answer_html.html import Html, tag, wide_table
from kedrec.errors import KedrecError
from kedrec.records import Record
from kedrec.serve.kept_runs import KeptRun, RunQuestion
from kedrec.serve.requests import RunName
from kedrec.serve.web.api import Served
from kedrec.serve.web.page_frame import page
from kedrec.serve.web.views.failed import failed
from kedrec.serve.web.views.forms import choosing, field

__all__ = ["router"]

router = APIRouter()
MOST_ROWS = 300
SHOWN = {"": "all", "failed": "failed", "open": "still open", "done": "done"}


@router.get("/batches/{name}")
def show(
    name: RunName,
    service: Served,
    text: Annotated[str, Query(max_length=200)] = "",
    rows: Literal["", "failed", "open", "done"] = "",
) -> HTMLResponse:
    """A batch."""
    try:
        found, listed = service.runs.get(name), service.runs.questions(name, service.name_of)
    except KedrecError as error:
        return failed(error)
    wanted = [row for row in listed if _fits(row, text, rows)]
    about = tag("p", *(tag("span", fact, class_="pill") for fact in _facts(found)))
    shown = tag("section", tag("h2", "Questions"), _search(name, text, rows), _count(wanted, listed), _table(wanted))
    return page(f"Batch {name}", tag("h1", f"Batch {name}"), about, _progress(found), _retry(found), shown,
                view="/runs", islands=("progress",))  # fmt: skip


class BatchProgress(Record):
    """How far a batch is, for people."""

    share: float
    """Of the pairs that were looked at, 0 to 1."""
    told: tuple[str, ...]
    """The same and more in lines."""
    running: bool
    """Whether a process is at work on it."""


@router.get("/batches/{name}/progress", response_class=JSONResponse)
def progress(name: RunName, service: Served) -> BatchProgress:
    """How far a batch is: what its page asks for while it goes on."""
    found = service.runs.get(name)
    return BatchProgress(share=_share(found), told=tuple(_told(found)), running=found.status.running)


def _facts(found: KeptRun) -> tuple[str, ...]:
    info = found.info
    hidden = "direct edges hidden" if info.hide_pairs else "direct edges shown: the graph may state the answers"
    hashes = (f"{key.removesuffix('_sha256')} {str(value)[:8]}" for key, value in info.data.items())
    return (f"model {info.model}", f"setting {info.setting}", hidden, f"pairs {info.pairs_sha256[:8]}", *hashes)


def _share(found: KeptRun) -> float:
    """How much of a batch has been looked at, 0 to 1."""
    status = found.status
    return (status.done + sum(status.failed.values())) / status.pairs if status.pairs else 0.0


def _told(found: KeptRun) -> Iterator[str]:
    """How far a batch is, in lines."""
    status = found.status
    yield f"{status.done:,} of {status.pairs:,} pairs done, {'at work' if status.running else 'nobody at work'}"
    for kind, count in sorted(status.failed.items()):
        yield f"{count:,} failed with {kind}"
    if status.running and status.pairs_per_second:
        left = f", about {status.seconds_left / 60:.0f} minutes left" if status.seconds_left else ""
        yield f"{status.pairs_per_second:.1f} pairs a second{left}"
    if status.calls:
        used = f"{status.spent.input_tokens:,} tokens sent, {status.spent.output_tokens:,} received"
        yield f"{status.calls:,} model calls: {used}"
    if status.spent.cost:
        yield f"${status.spent.cost:.2f} spent, ${status.projected_cost or 0:.2f} projected for all pairs"
    for order in status.batches:
        yield f"Ordered at the server: {order.answered:,} of {order.requests:,} requests answered ({order.status})"


def _progress(found: KeptRun) -> Html:
    done = round(_share(found) * 100)
    meter = tag("div", tag("i", style=f"width:{done}%"), class_="meter", role="progressbar", aria_valuenow=done,
                aria_valuemin=0, aria_valuemax=100, aria_label="Pairs looked at")  # fmt: skip
    lines = tag("ul", *(tag("li", line) for line in _told(found)), id="batch-told")
    running = "yes" if found.status.running else "no"
    inside = (tag("h2", "Progress"), meter, tag("div", lines, role="status"))
    return tag("section", *inside, id="batch", data_now=f"/batches/{found.name}/progress",
               data_running=running)  # fmt: skip


def _retry(found: KeptRun) -> Html | None:
    if not found.status.failed or found.status.running:
        return None
    return tag("p", "To try those that failed again, on the machine: ", tag("code", "kedrec runs retry RUN_DIR"), ".",
               class_="hint")  # fmt: skip


def _fits(row: RunQuestion, text: str, rows: str) -> bool:
    state = "failed" if row.failed else "done" if row.outcome else "open"
    held = " ".join((row.pair_id, row.disease, *row.drugs, row.outcome)).casefold()
    return rows in ("", state) and all(word in held for word in text.casefold().split())


def _search(name: str, text: str, rows: str) -> Html:
    fields = tag("div", field("Words in a line", "text", name="text", value=text),
                 choosing("Lines", "rows", SHOWN, rows, name="rows"), class_="fields")  # fmt: skip
    button = tag("button", "Search", type="submit")
    return tag("form", fields, button, class_="card", action=f"/batches/{name}", role="search")


def _count(wanted: Sequence[RunQuestion], listed: Sequence[RunQuestion]) -> Html:
    cut = f"; the first {MOST_ROWS} are shown" if len(wanted) > MOST_ROWS else ""
    return tag("p", f"{len(wanted):,} of {len(listed):,} questions{cut}.", class_="hint")


def _table(rows: list[RunQuestion]) -> Html:
    head = tag("tr", *(tag("th", title, scope="col") for title in ("Pair", "Asked", "Outcome")))
    body = tag("tbody", *map(_row, rows[:MOST_ROWS]))
    table = tag("table", tag("thead", head), body, class_="beside runs")
    return wide_table(table, "Questions of the batch")


def _row(row: RunQuestion) -> Html:
    asked = f"{row.disease}: {' or '.join(row.drugs)}"
    link = tag("a", asked, href=f"/answers/{row.trace_id}") if row.trace_id else asked
    outcome = tag("td", row.outcome or "open", class_="outcome error" if row.failed else "outcome")
    return tag("tr", tag("td", row.pair_id), tag("td", link, class_="asked"), outcome)
