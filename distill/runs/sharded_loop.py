"""The pairs of a run in flight at several places: a pool of workers runs shards, and their results are merged here.

One shard at a time runs at each of so many places. Their pace, their pairs in flight and what is left of the
budget are divided by that number, so that all of them together keep to the settings.
"""

from __future__ import annotations

import signal
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import Pair
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.shard_worker import ShardOutcome
from kedrec.distill.runs.shards import Shard, ShardMerger, divide
from kedrec.distill.runs.side_by_side import BY_SIGNAL
from kedrec.errors import WorkError

if TYPE_CHECKING:
    from pathlib import Path

    from kedrec.agents.agent import Agent
    from kedrec.agents.models.openai_api.run_budget import RunBudget
    from kedrec.distill.runs.journal import Journal

__all__ = ["ShardedLoop", "WorkerDied", "WorkerPool", "for_one_of", "places_for"]

LOOK = 0.3
"""Seconds between two looks at what the shards have finished."""
RETRIES = 5
"""How often a shard is run again whose worker died."""


class WorkerDied(WorkError):
    """The worker of a shard was killed, or its machine was."""


class WorkerPool(Protocol):
    """Workers that run shards. A handle stands for one running shard, from its start until it has ended."""

    places: int
    """Shards that run at the same time, at most."""
    share: Settings
    """Settings of each of them."""
    part: float
    """Part of what is left that is given out at a time: the more, the fewer ends, and the less even is the last."""

    def start(self, shard: Shard) -> Any:
        """Start a shard; returns its handle."""
        ...

    def wait(self, running: Collection[Any], seconds: float) -> Collection[Any]:
        """Those of the handles that have ended, as soon as one has, or none after so many seconds."""
        ...

    def result(self, handle: Any) -> ShardOutcome:
        """How a shard ended that has.

        Raises:
            WorkerDied: by the death of its worker.
        """
        ...

    def stop(self, handle: Any, *, force: bool) -> None:
        """Let a shard end after what is in flight, or at once."""
        ...


class ShardedLoop:
    """Takes pairs through agents elsewhere.

    Args:
        agent: one like those that answer; says where answers are kept.
        folder: of the run, held by this process.
        journal: of the run.
        run_budget: of the run.
        budget: US dollars that the whole run may cost.
        on_done: called with the number of rows written since the last call.
    """

    def __init__(
        self,
        agent: Agent,
        folder: RunFolder,
        journal: Journal,
        *,
        run_budget: RunBudget,
        budget: float | None,
        on_done: Callable[[int], None],
    ) -> None:
        self._agent, self._journal, self._run_budget = agent, journal, run_budget
        self._budget, self._on_done = budget, on_done
        self._merger = ShardMerger(folder, journal, run_budget)
        self._waiting: deque[Shard] = deque()
        self._running: dict[Any, Shard] = {}
        self._again = Counter[str]()
        self._room = self._signals = self._passed_on = 0
        self.stopped: str | None = None

    def run(self, pairs: Sequence[Pair], opening: AbstractContextManager[WorkerPool]) -> None:
        """Take the pairs through; `stopped` says afterwards why it ended early, where it did.

        Args:
            pairs: what is open, in order.
            opening: opens the pool.

        Raises:
            WorkError: a shard could not be run.
        """
        with opening as pool, self._stoppable():
            first = self._merger.next_number()
            tries, in_flight = self._journal.tries, pool.share.workers
            self._waiting.extend(divide(pairs, tries, pool.places, in_flight, first, part=pool.part))
            self._room = pool.places
            self._run_shards(pool)
        self._merger.finish(self._agent.answers)

    def _run_shards(self, pool: WorkerPool) -> None:
        kept = self._agent.answers
        if kept is None:
            answers = None
        else:
            kept.settle()
            answers = kept.path.resolve() if kept.path.is_file() else None
        try:
            while self._running or (self._waiting and not self.stopped):
                while self._waiting and not self.stopped and len(self._running) < self._room:
                    shard = self._funded(self._waiting.popleft(), answers)
                    self._running[pool.start(shard)] = shard
                self._look(pool)
        except BaseException:
            self._stop_all(pool, force=True)
            raise

    def _look(self, pool: WorkerPool) -> None:
        """Take over what is there, close the shards that have ended, and pass on a signal."""
        ended = pool.wait(self._running, LOOK)
        for shard in self._running.values():
            if rows := self._merger.take(shard.name):
                self._on_done(rows)
        for handle in ended:
            self._end_shard(pool, handle)
        if self._signals > self._passed_on:
            self._passed_on = self._signals
            self._stop_all(pool, force=self._signals > 1)

    def _end_shard(self, pool: WorkerPool, handle: Any) -> None:
        shard = self._running.pop(handle)
        try:
            reason, problem = pool.result(handle)
        except WorkerDied as error:
            return self._retry(shard, str(error))
        if problem and not self.stopped:
            raise WorkError(f"Shard {shard.name} of the run could not be run: {problem}")
        if reason == BY_SIGNAL:
            return self._retry(shard, "it was stopped by another process")
        if reason and not self.stopped:
            self._retry_with_more(shard)
        return None

    def _retry(self, shard: Shard, why: str) -> None:
        """Run a shard once more whose worker died, or was stopped by another process.

        Raises:
            WorkError: that happened too often.
        """
        if self.stopped:
            return
        self._again[shard.name] += 1
        if self._again[shard.name] > RETRIES:
            raise WorkError(
                f"Shard {shard.name} of the run could not be run: {RETRIES + 1} workers were lost, the last like"
                f" this: {why}. Run the same command to resume; if memory is short, with fewer --shards."
            )
        self._waiting.appendleft(shard)

    def _retry_with_more(self, shard: Shard) -> None:
        """Run a shard whose share of the budget was too small once more, with a larger one, where there is any."""
        if self._room > 1 or self._running:
            self._room = -(-self._room // 2)
            self._waiting.appendleft(shard)
        else:
            self.stopped = (
                f"${self._run_budget.spent.cost:.2f} of the budget of ${self._budget:.2f} is spent, and the next call"
                " may cost more than is left. Run the same command with a higher --budget to resume."
            )

    def _funded(self, shard: Shard, answers: Path | None) -> Shard:
        """A shard with its share of what is left of the budget, and with the answers that are there already."""
        if self._budget is None:
            return shard.model_copy(update={"answers": answers})
        paid = self._merger.paid
        promised = sum((one.budget or 0) - paid[one.name] for one in self._running.values())
        left = self._budget - self._run_budget.spent.cost - promised
        budget = paid[shard.name] + left / (self._room - len(self._running))
        return shard.model_copy(update={"answers": answers, "budget": budget})

    def _stop_all(self, pool: WorkerPool, *, force: bool) -> None:
        for handle in self._running:
            pool.stop(handle, force=force)

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """The first signal stops after what is in flight, the second at once."""

        def on_signal(*_: object) -> None:
            self._signals, self.stopped = self._signals + 1, BY_SIGNAL

        before = {name: signal.signal(name, on_signal) for name in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)


def places_for(settings: Settings, most: int, pairs: int) -> int:
    """How many shards run at the same time: no more than there are pairs, calls a minute or places for them.

    Args:
        settings: of the whole run; say how many there are to be, and what they share.
        most: how many where the settings do not say.
        pairs: what is open.
    """
    limits = [settings.requests_per_minute, settings.tokens_per_minute]
    return max(1, min(settings.shards or most, settings.workers, pairs, *filter(None, limits)))


def for_one_of(places: int, settings: Settings) -> Settings:
    """The settings of one of so many workers that work side by side, wherever they are."""
    return settings.model_copy(
        update={
            "workers": settings.workers // places,
            "requests_per_minute": settings.requests_per_minute // places,
            "tokens_per_minute": settings.tokens_per_minute // places,
        }
    )
