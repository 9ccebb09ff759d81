"""One agent over many pairs: several at a time, resumable, every trace kept.

A run lives in a folder: `run.json` says what it is a run of, `journal.jsonl` grows by a row per finished pair,
`traces` holds the traces, and `results.jsonl` is written at the end, in the order of the pairs. The same command
goes on where it was stopped; pairs that failed are tried again, those that are done are not.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kedrec.config import Settings
from kedrec.distill.journal import Journal, ResultRow, write_whole
from kedrec.distill.pairs import Pair, Pairs
from kedrec.errors import NotReady, UserError
from kedrec.locks import writing
from kedrec.records import Record, Setting, Trace

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.agents.traces import TraceStore

__all__ = ["JOURNAL", "RESULTS", "RUN_FILE", "TRACES", "RunInfo", "RunSummary", "outcome_row", "read_run", "start_run"]

RUN_FILE, JOURNAL, RESULTS, TRACES = "run.json", "journal.jsonl", "results.jsonl", "traces"
SHAPES_ANSWERS = (
    "base_url", "temperature", "max_output_tokens", "max_steps", "max_tool_calls", "max_repeated_calls", "max_tokens",
    "max_cost", "passages", "bm25_candidates", "hub_limit",
)  # fmt: skip
"""Settings that may change an answer; the others (time-outs, workers) may differ when a run is gone on with."""

OnProgress = Callable[[int, int], None]


class RunInfo(Record):
    """What a folder holds a run of; another into the same folder is refused."""

    schema_version: Literal[1] = 1
    """Version of this record."""
    pairs_sha256: str
    """Hash of the pairs file."""
    setting: Setting
    """Which corpora are used."""
    model: str
    """Model specification."""
    hide_pairs: bool
    """Whether the direct edges of all pairs of the file are hidden."""
    settings: dict[str, Any]
    """Settings that may change an answer."""
    data: dict[str, Any]
    """Hashes of the graph and the literature."""


class RunSummary(Record):
    """How far a run is."""

    pairs: int
    """Pairs asked for."""
    done: int
    """Of which answered or abstained from."""
    failed: dict[str, int]
    """Of which failed, by type of error."""
    seconds: float
    """Wall-clock of this call."""
    stopped: bool = False
    """Whether it was stopped before the end."""


def start_run(
    pairs: Pairs,
    out: Path,
    settings: Settings,
    *,
    hide_pairs: bool = False,
    limit: int | None = None,
    keep_failed: bool = False,
    on_progress: OnProgress | None = None,
) -> RunSummary:
    """Run over the pairs, or go on with the run in `out`.

    The first Ctrl-C (or SIGTERM) lets what is in flight finish, the second does not; nothing that was finished is
    lost by either, nor by kill -9.

    Args:
        pairs: the questions; their scoring is not looked at.
        out: folder of the run.
        settings: model, setting, workers and limits.
        hide_pairs: hide the direct edges between every disease and its candidates, for all pairs of the file.
        limit: look at the first so many pairs only.
        keep_failed: leave pairs that failed before as they are.
        on_progress: called with pairs done and pairs in all.

    Raises:
        UserError: if `out` holds another run or something else.
        Busy: if another process is at work in `out`.
        NotReady: if no graph is loaded.
    """
    from kedrec.agents.agent import Agent
    from kedrec.agents.traces import TraceStore

    started = time.monotonic()
    _check_folder(out)
    wanted = pairs.questions[:limit]
    hidden = pairs.hidden() if hide_pairs else frozenset()
    with writing(out), Journal(out / JOURNAL) as journal, Agent.open(settings, hidden=hidden) as agent:
        _pin(out, _info(agent, pairs, hide_pairs))
        todo = [pair for pair in wanted if _is_open(journal.rows.get(pair.id), keep_failed)]
        count = _counting(on_progress, len(wanted), len(todo))
        work = _Work(agent, TraceStore(out / TRACES), journal, count)
        stopped = asyncio.run(work.run(todo, settings.workers)) if todo else False
        rows = [journal.rows[pair.id] for pair in wanted if pair.id in journal.rows]
        if len(rows) == len(wanted):
            known = (journal.rows[pair.id] for pair in pairs.questions if pair.id in journal.rows)
            write_whole(out / RESULTS, (row.model_dump_json() + "\n" for row in known))
    return _summary(len(wanted), rows, stopped, time.monotonic() - started)


def _summary(pairs: int, rows: Sequence[ResultRow], stopped: bool, seconds: float) -> RunSummary:
    failed = Counter(row.error["type"] for row in rows if row.error)
    done = len(rows) - failed.total()
    return RunSummary(pairs=pairs, done=done, failed=dict(failed), seconds=round(seconds, 2), stopped=stopped)


def read_run(folder: Path) -> tuple[RunInfo, dict[str, ResultRow]]:
    """What a folder holds a run of, and its rows so far by pair.

    Raises:
        NotReady: if there is no run.
    """
    if not (folder / RUN_FILE).is_file():
        raise NotReady(f"No run in {folder}. Start one: kedrec runs start PAIRS.jsonl --out {folder}")
    info = RunInfo.model_validate_json((folder / RUN_FILE).read_text("utf-8"))
    with Journal(folder / JOURNAL) as journal:
        return info, journal.rows


def outcome_row(pair_id: str, trace: Trace) -> ResultRow:
    """A trace as a row of results."""
    made = trace.recommendation
    return ResultRow(
        pair_id=pair_id,
        choice=made.choice if made else None,
        abstained=made.abstained if made else None,
        error=trace.error,
        trace_id=trace.id,
    )


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; --out wants a folder.")
    if out.is_dir() and not (out / RUN_FILE).exists() and {path.name for path in out.iterdir()} - {"lock", JOURNAL}:
        raise UserError(f"{out} holds something that is no run. Choose another --out.")


def _is_open(row: ResultRow | None, keep_failed: bool) -> bool:
    return row is None or (row.error is not None and not keep_failed)


def _counting(on_progress: OnProgress | None, total: int, open_pairs: int) -> Callable[[], None]:
    done = total - open_pairs

    def count() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total)

    if on_progress is not None:
        on_progress(done, total)
    return count


def _info(agent: Agent, pairs: Pairs, hide_pairs: bool) -> RunInfo:
    settings = agent.settings
    if settings.setting != "none":
        agent.resources.literature()
    return RunInfo(
        pairs_sha256=pairs.sha256,
        setting=settings.setting,
        model=settings.model,
        hide_pairs=hide_pairs,
        settings={name: getattr(settings, name) for name in SHAPES_ANSWERS},
        data=agent.resources.fingerprints(settings.setting),
    )


def _pin(out: Path, info: RunInfo) -> None:
    path = out / RUN_FILE
    if not path.exists():
        write_whole(path, [info.model_dump_json(indent=1)])
        return
    there, here = json.loads(path.read_text("utf-8")), info.model_dump(mode="json")
    if there != here:
        first = next(name for name in {**there, **here} if there.get(name) != here.get(name))
        raise UserError(
            f"{out} holds a run of something else: its `{first}` is {_short(there.get(first))}, here it is"
            f" {_short(here.get(first))}. Choose another --out."
        )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 120 else text[:117] + "…"


class _Work:
    """The pairs in flight."""

    def __init__(self, agent: Agent, traces: TraceStore, journal: Journal, count: Callable[[], None]) -> None:
        self.agent, self.traces, self.journal, self.count = agent, traces, journal, count
        self.stopping = False

    async def run(self, todo: Sequence[Pair], workers: int) -> bool:
        pairs = iter(todo)
        tasks = [asyncio.ensure_future(self._worker(pairs)) for _ in range(min(workers, len(todo)))]
        with self._stoppable(tasks):
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome
        return self.stopping

    async def _worker(self, pairs: Iterator[Pair]) -> None:
        for pair in pairs:
            if self.stopping:
                return
            self.journal.append(await self._row(pair))
            self.count()

    async def _row(self, pair: Pair) -> ResultRow:
        from kedrec.agents.agent import Query

        candidates = tuple(drug.id for drug in pair.candidates)
        setting = self.agent.settings.setting
        try:
            trace = await self.agent.arun(Query(disease=pair.disease.id, candidates=candidates, setting=setting))
        except Exception as error:  # noqa: BLE001 - a pair that goes wrong is a row of its own; the others go on
            failed = {"type": type(error).__name__, "message": str(error)}
            return ResultRow(pair_id=pair.id, choice=None, abstained=None, error=failed, trace_id=None)
        self.traces.append(trace)
        return outcome_row(pair.id, trace)

    @contextmanager
    def _stoppable(self, tasks: Sequence[asyncio.Future[None]]) -> Iterator[None]:
        """The first signal stops after what is in flight, the second at once."""

        def stop() -> None:
            if self.stopping:
                for task in tasks:
                    task.cancel()
            self.stopping = True

        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop)
        try:
            yield
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)
