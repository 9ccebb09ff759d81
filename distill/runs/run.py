"""One agent over many pairs: several at a time, resumable, affordable, every trace kept.

The same command resumes a run that was stopped: finished pairs are skipped, failed ones retried.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import Pair, Pairs
from kedrec.distill.runs.folder import RunFolder, RunInfo, info_of
from kedrec.distill.runs.in_process_loop import PairLoop
from kedrec.distill.runs.journal import Journal, ResultRow
from kedrec.distill.runs.shards import ShardMerger
from kedrec.errors import ConfigError, UserError
from kedrec.locks import writing
from kedrec.records import Record, Usage
from kedrec.redaction import MARK

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from kedrec.agents.agent import Agent
    from kedrec.agents.models.openai_api.run_budget import RunBudget

__all__ = ["Progress", "RunSummary", "retry_run", "start_run"]


class Progress(Record):
    """How far a run is while it goes on."""

    done: int
    """Pairs done, failed ones included."""
    pairs: int
    """Pairs asked for."""
    spent: float
    """US dollars so far, those of earlier calls of the same run included."""
    projected: float | None
    """US dollars for all pairs, at the mean of those done; null before the first."""


OnRunProgress = Callable[[Progress], None]


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
    spent: Usage = Usage()
    """Tokens and US dollars of the run so far, those of unfinished pairs included."""
    stopped: str | None = None
    """Why it was stopped before the end, where it was."""


def start_run(
    pairs: Pairs,
    out: Path,
    settings: Settings,
    *,
    hide_pairs: bool = False,
    limit: int | None = None,
    keep_failed: bool = False,
    budget: float | None = None,
    on_progress: OnRunProgress | None = None,
) -> RunSummary:
    """Run over the pairs, or resume the run in `out`.

    The first Ctrl-C (or SIGTERM) lets what is in flight finish, the second does not; nothing that was finished is
    lost by either, nor by kill -9, and no answer of a model is paid for twice: those of unfinished pairs are kept, too.
    With the engine `batch` the first Ctrl-C stops waiting, and the next call collects what was ordered.

    Args:
        pairs: the questions; their scoring is not looked at.
        out: folder of the run.
        settings: model, setting, workers and limits.
        hide_pairs: hide the direct edges between every disease and its candidates, for all pairs of the file.
        limit: look at the first so many pairs only.
        keep_failed: leave pairs that failed before as they are.
        budget: US dollars that the whole run may cost; it stops before they are exceeded.
        on_progress: called after each write.

    Raises:
        UserError: if `out` holds another run or something else.
        Busy: if another process is at work in `out`.
        NotReady: if no graph is loaded.
        ConfigError: a budget without prices, or for a model that costs nothing; batches of one that takes none; several
            processes for one with weights of its own.
    """
    wanted = pairs.questions[:limit]
    job = _Job(RunFolder(out), pairs, wanted, hide_pairs, keep_failed, budget, on_progress)
    return job.run(settings)


def retry_run(
    out: Path,
    settings: Settings,
    kinds: Sequence[str] = (),
    *,
    budget: float | None = None,
    on_progress: OnRunProgress | None = None,
) -> RunSummary:
    """Try the pairs of a run that failed once more, and nothing else.

    Args:
        out: folder of the run.
        settings: as `start_run`; the model and what else shapes the answers are those of the run.
        kinds: only failures of these types; all where empty.
        budget: as `start_run`.
        on_progress: as `start_run`.

    Raises:
        NotReady: if there is no run.
    """
    folder = RunFolder(out)
    info, pairs, rows = folder.info(), folder.questions(), folder.rows()
    failed = {row.pair_id for row in rows.values() if row.error and (not kinds or row.error["type"] in kinds)}
    wanted = [pair for pair in pairs.questions if pair.id in failed]
    # A setting that held a secret is asked for anew.
    same = settings.model_copy(
        update={
            **{name: value for name, value in info.settings.items() if MARK not in str(value)},
            "model": info.model,
            "setting": info.setting,
        }
    )
    return _Job(folder, pairs, wanted, info.hide_pairs, False, budget, on_progress).run(same)


@dataclass(frozen=True)
class _Job:
    """What is to be done in one call."""

    folder: RunFolder
    pairs: Pairs
    wanted: Sequence[Pair]
    hide_pairs: bool
    keep_failed: bool
    budget: float | None
    on_progress: OnRunProgress | None

    def run(self, settings: Settings) -> RunSummary:
        """Do it."""
        from kedrec.agents.agent import Agent
        from kedrec.agents.models.openai_api.run_budget import RunBudget

        started, folder = time.monotonic(), self.folder
        folder.check()
        self._check_engine(settings)
        settings, model = engine_of(settings, folder)
        hidden = self.pairs.hidden() if self.hide_pairs else frozenset()
        given = self.pairs.names()
        with (
            writing(folder.path),
            Agent.open(settings, model=model, hidden=hidden, given=given, record=False) as agent,
        ):
            if self.budget is not None and not agent.costs:
                raise ConfigError(f"The model {agent.settings.model} costs nothing; --budget is for openai:MODEL.")
            info = info_of(agent, self.pairs, self.hide_pairs)
            folder.pin(info, self.pairs)
            with (
                Journal(folder.journal_file) as journal,
                RunBudget(folder.spent_file, settings, self.budget) as run_budget,
            ):
                stopped = self._run_pairs(agent, journal, run_budget, info)
                # Only a complete run gets its results file.
                if all(pair.id in journal.rows for pair in self.wanted):
                    known = (journal.rows.get(pair.id) for pair in self.pairs.questions)
                    self.folder.write_results(row for row in known if row is not None)
                return self._summary(journal, run_budget, stopped, time.monotonic() - started)

    def _check_engine(self, settings: Settings) -> None:
        waiting = self.folder.outstanding()
        if waiting and settings.engine != "batch":
            raise UserError(
                f"{len(waiting)} batches of {self.folder.path} are not collected yet, and are paid for. Go on with"
                " --engine batch."
            )
        if settings.engine == "processes":
            from kedrec.distill.runs.process_pool import check_model

            check_model(settings)

    def _run_pairs(self, agent: Agent, journal: Journal, run_budget: RunBudget, info: RunInfo) -> str | None:
        """Take what is open through the agent; why it ended early, where it did."""
        from kedrec.agents.traces.locate import note_place
        from kedrec.agents.traces.store import TraceStore

        note_place(agent.settings.home / "traces", self.folder.traces)
        agent.keep_answers(self.folder.answers_file)
        ShardMerger(self.folder, journal, run_budget).finish(agent.answers)
        todo = [pair for pair in self.wanted if _is_open(journal.rows.get(pair.id), self.keep_failed)]
        report = _ProgressReport(self.on_progress, run_budget, len(self.wanted), len(todo))
        if not todo:
            return None
        traces = TraceStore(self.folder.traces)
        if agent.settings.engine in ("processes", "ray"):
            return self._run_sharded(todo, agent, journal, run_budget, report)
        by_batch = agent.settings.engine == "batch"
        loop = PairLoop(
            agent,
            traces,
            journal,
            run_id=info.model_dump_json(),
            run_budget=run_budget,
            on_done=report,
            lets_finish=not by_batch,
        )
        loop.run_blocking(todo, agent.settings.batch_workers if by_batch else agent.settings.workers)
        return self._with_batches_left(loop.stopped)

    def _run_sharded(
        self, todo: Sequence[Pair], agent: Agent, journal: Journal, run_budget: RunBudget, report: Callable[[int], None]
    ) -> str | None:
        from kedrec.distill.runs.sharded_loop import ShardedLoop

        loop = ShardedLoop(agent, self.folder, journal, run_budget=run_budget, budget=self.budget, on_done=report)
        if agent.settings.engine == "ray":
            from kedrec.distill.runs.ray_pool import open_ray_pool

            loop.run(todo, open_ray_pool(agent.settings, self.folder, len(todo)))
        else:
            from kedrec.distill.runs.process_pool import open_process_pool

            loop.run(todo, open_process_pool(agent.settings, self.folder, len(todo)))
        return loop.stopped

    def _with_batches_left(self, stopped: str | None) -> str | None:
        """Why the run ended early, and what goes on without it."""
        left = self.folder.outstanding()
        if stopped is None or not left:
            return stopped
        requests = sum(order.requests for order in left)
        return f"{stopped}; {len(left)} batches with {requests} requests go on at the server and are collected later"

    def _summary(self, journal: Journal, run_budget: RunBudget, stopped: str | None, seconds: float) -> RunSummary:
        there = [pair.id for pair in self.wanted if pair.id in journal.rows]
        errors = (journal.rows[pair_id].error for pair_id in there)
        failed = Counter(error["type"] for error in errors if error)
        return RunSummary(
            pairs=len(self.wanted),
            done=len(there) - failed.total(),
            failed=dict(failed),
            seconds=round(seconds, 2),
            spent=run_budget.spent,
            stopped=stopped,
        )


def engine_of(settings: Settings, folder: RunFolder) -> tuple[Settings, BaseChatModel | None]:
    """How a run reaches its model.

    Returns:
        The settings with the prices that hold so, and the model; None for that of the settings.

    Raises:
        ConfigError: batches of a model that takes none.
    """
    if settings.engine != "batch":
        return settings, None
    from kedrec.agents.models.openai_batch.chat_model import BatchedChatModel

    share = settings.batch_price
    prices = {"input_price": settings.input_price * share, "output_price": settings.output_price * share}
    settings = settings.model_copy(update=prices)
    return settings, BatchedChatModel.open_for(settings, folder.batches_file)


def _is_open(row: ResultRow | None, keep_failed: bool) -> bool:
    return row is None or (row.error is not None and not keep_failed)


class _ProgressReport:
    """Counts what was written and reports it."""

    def __init__(self, on_progress: OnRunProgress | None, run_budget: RunBudget, pairs: int, left: int) -> None:
        self._on_progress, self._run_budget, self._pairs, self._done = on_progress, run_budget, pairs, pairs - left
        self(0)

    def __call__(self, more: int) -> None:
        self._done += more
        if self._on_progress is not None:
            spent = self._run_budget.spent.cost
            projected = spent / self._done * self._pairs if self._done else None
            self._on_progress(Progress(done=self._done, pairs=self._pairs, spent=spent, projected=projected))
