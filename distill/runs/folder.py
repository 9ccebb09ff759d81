"""The folder of a run: what it is a run of, its rows so far, what it has cost, and whether anybody is at work in it.

`run.json` says what it is a run of, `questions.jsonl` holds the questions (never the answers), `journal.jsonl` grows by
a row per finished pair, `traces` holds the traces, `spent.jsonl` a line per paid call, `answers.sqlite` the model's
answers, `batches.jsonl` the batches ordered at a server, and `results.jsonl` is written at the end, in the order of the
pairs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kedrec.agents.models.openai_batch.journal import Order, read_orders
from kedrec.atomic_file import write_whole
from kedrec.distill.pairs.pairs_file import Pair, Pairs
from kedrec.distill.runs.journal import ResultRow, read_rows
from kedrec.errors import Busy, DamagedData, NotReady, UserError
from kedrec.locks import writing
from kedrec.records import Corpora, Record, Usage

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.agents.traces.store import TraceStore
    from kedrec.records import Trace

__all__ = ["RunFolder", "RunInfo", "RunStatus", "data_of", "info_of", "trace_of"]

SHAPES_ANSWERS = (
    "base_url", "temperature", "max_output_tokens", "max_steps", "max_tool_calls", "max_repeated_calls", "max_tokens",
    "max_cost", "passages", "bm25_candidates", "hub_limit",
)  # fmt: skip
"""Settings that may change an answer; the others (time-outs, workers) may differ when a run is resumed."""
RECENT = 500
"""Rows from which the rate is taken."""


class RunInfo(Record):
    """What a folder holds a run of; another into the same folder is refused."""

    schema_version: Literal[1] = 1
    """Version of this record."""
    pairs_sha256: str
    """Hash of the pairs file."""
    setting: Corpora
    """Which corpora are used."""
    model: str
    """Model specification."""
    hide_pairs: bool
    """Whether the direct edges of all pairs of the file are hidden."""
    settings: dict[str, Any]
    """Settings that may change an answer; an address without the password that it may hold."""
    data: dict[str, Any]
    """Hashes of the graph and the literature."""


class RunStatus(Record):
    """How far a run is."""

    pairs: int
    """Questions of the run."""
    done: int
    """Of which answered or abstained from."""
    failed: dict[str, int]
    """Of which failed, by type of error."""
    running: bool
    """Whether a process is at work in the folder."""
    pairs_per_second: float | None
    """Over the latest rows; null with too few of them."""
    seconds_left: float | None
    """At that rate; null where nothing is left or the rate is not known."""
    calls: int
    """Model calls paid for."""
    spent: Usage
    """Tokens and US dollars of those calls."""
    projected_cost: float | None
    """US dollars for all pairs, at the mean so far; null before the first row."""
    batches: tuple[Order, ...] = ()
    """Batches that are not collected yet."""


class RunFolder:
    """A run on disk.

    Args:
        path: the folder; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.info_file, self.questions_file = path / "run.json", path / "questions.jsonl"
        self.journal_file, self.results_file = path / "journal.jsonl", path / "results.jsonl"
        self.spent_file, self.answers_file, self.traces = path / "spent.jsonl", path / "answers.sqlite", path / "traces"
        self.batches_file = path / "batches.jsonl"

    def check(self) -> None:
        """Refuse a folder that holds something else.

        Raises:
            UserError: it is a file, or holds files but no run.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"{self.path} is a file; --out wants a folder.")
        ours = {"lock", self.journal_file.name, self.questions_file.name}
        if self.path.is_dir() and not self.info_file.exists() and {path.name for path in self.path.iterdir()} - ours:
            raise UserError(f"{self.path} holds something that is no run. Choose another --out.")

    def pin(self, info: RunInfo, pairs: Pairs) -> None:
        """Say what this is a run of, or see that it is a run of the same.

        Raises:
            UserError: it is a run of something else.
        """
        if not self.info_file.exists():
            write_whole(self.questions_file, (question.model_dump_json() + "\n" for question in pairs.questions))
            write_whole(self.info_file, [info.model_dump_json(indent=1)])
            return
        there, here = json.loads(self.info_file.read_text("utf-8")), info.model_dump(mode="json")
        if there != here:
            first = next(name for name in {**there, **here} if there.get(name) != here.get(name))
            raise UserError(
                f"{self.path} holds a run of something else: its `{first}` is {_short(there.get(first))}, here it is"
                f" {_short(here.get(first))}. Choose another --out."
            )

    def info(self) -> RunInfo:
        """What it is a run of.

        Raises:
            NotReady: there is no run.
        """
        if not self.info_file.is_file():
            raise NotReady(f"No run in {self.path}. Start one: kedrec runs start PAIRS.jsonl --out {self.path}")
        return RunInfo.model_validate_json(self.info_file.read_text("utf-8"))

    def rows(self) -> dict[str, ResultRow]:
        """The latest row of each pair, also while a process is at work."""
        return {row.pair_id: row for row in read_rows(self.journal_file)}

    def questions(self) -> Pairs:
        """The questions; nothing is known of their answers here."""
        info = self.info()
        lines = self.questions_file.read_text("utf-8").splitlines()
        questions = tuple(Pair.model_validate_json(line) for line in lines)
        return Pairs(path=str(self.questions_file), sha256=info.pairs_sha256, questions=questions, scoring={})

    def write_results(self, rows: Iterable[ResultRow]) -> None:
        """Write the results, whole or not at all."""
        write_whole(self.results_file, (row.model_dump_json(exclude={"finished"}) + "\n" for row in rows))

    def status(self) -> RunStatus:
        """How far the run is; may be asked while a process is at work.

        Raises:
            NotReady: there is no run.
        """
        from kedrec.agents.models.openai_api.run_budget import read_spent

        questions, rows = self.questions().questions, self.rows()
        failed = Counter(row.error["type"] for row in rows.values() if row.error)
        rate, (spent, calls) = _rate(list(rows.values())), read_spent(self.spent_file)
        left = len(questions) - len(rows)
        return RunStatus(
            pairs=len(questions),
            done=len(rows) - failed.total(),
            failed=dict(failed),
            running=self._running(),
            pairs_per_second=rate,
            seconds_left=left / rate if rate and left else None,
            calls=calls,
            spent=spent,
            projected_cost=spent.cost / len(rows) * len(questions) if rows else None,
            batches=self.outstanding(),
        )

    def outstanding(self) -> tuple[Order, ...]:
        """Batches that were ordered and are not collected yet."""
        return tuple(order for order in read_orders(self.batches_file) if not order.over)

    def _running(self) -> bool:
        try:
            with writing(self.path):
                return False
        except Busy:
            return True


def info_of(agent: Agent, pairs: Pairs, hide_pairs: bool) -> RunInfo:
    """What a run of these pairs by this agent is."""
    from kedrec.redaction import Redactor

    settings = agent.settings
    shaping = {name: getattr(settings, name) for name in SHAPES_ANSWERS}
    return RunInfo(
        pairs_sha256=pairs.sha256,
        setting=settings.setting,
        model=settings.model,
        hide_pairs=hide_pairs,
        settings=Redactor(settings).plain(shaping),
        data=data_of(agent),
    )


def data_of(agent: Agent) -> dict[str, Any]:
    """Hashes of the graph and the literature that an agent works on."""
    setting = agent.settings.setting
    if setting != "none":
        agent.resources.literature()
    return agent.resources.fingerprints(setting)


def trace_of(row: ResultRow, traces: TraceStore) -> Trace | None:
    """The trace of a row; None where it has none, or where that was lost with a damaged file."""
    try:
        return traces.get(row.trace_id) if row.trace_id else None
    except (NotReady, DamagedData):
        return None


def _rate(rows: Sequence[ResultRow]) -> float | None:
    """Rows a second, over the latest."""
    times = sorted(row.finished for row in rows)[-RECENT:]
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else None


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 120 else text[:117] + "…"
