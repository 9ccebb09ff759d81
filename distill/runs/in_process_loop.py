"""The pairs of a run in flight: asked side by side, and written down in batches as they finish."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from kedrec.distill.pairs.pairs_file import Pair
from kedrec.distill.runs.journal import Journal, ResultRow
from kedrec.distill.runs.side_by_side import SideBySide, on_own_loop
from kedrec.errors import BudgetSpent
from kedrec.records import Trace

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.agents.models.openai_api.run_budget import RunBudget
    from kedrec.agents.traces.store import TraceStore

__all__ = ["PairLoop", "outcome_row"]

REST = 0.25
"""Seconds between two writes: each waits for the disk. A kill loses what has finished meanwhile, but no paid answer."""
WAITING = 256
"""Finished pairs that may wait to be written, at least: a model that answers at once finishes many meanwhile."""

Finished = tuple[ResultRow, Trace | None]


class PairLoop:
    """Takes pairs through the agent, several at a time.

    Args:
        agent: answers.
        traces: keeps the traces.
        journal: keeps the rows.
        run_id: what the ids of the traces begin with.
        run_budget: pays for model calls, where they are paid for.
        on_done: called with the number of rows written since the last call.
        lets_finish: whether the first signal waits for what is in flight.
    """

    def __init__(
        self,
        agent: Agent,
        traces: TraceStore,
        journal: Journal,
        *,
        run_id: str,
        run_budget: RunBudget | None,
        on_done: Callable[[int], None],
        lets_finish: bool = True,
    ) -> None:
        self._lets_finish = lets_finish
        self._agent, self._traces, self._journal, self._run_budget = agent, traces, journal, run_budget
        self._run_id, self._on_done = run_id, on_done
        self._asking: SideBySide
        self._finished: asyncio.Queue[Finished | None]
        self._all_asked: asyncio.Event
        self.stopped: str | None = None

    def run_blocking(self, pairs: Sequence[Pair], workers: int) -> None:
        """`run` on an event loop of its own."""
        on_own_loop(self.run(pairs, workers))

    async def run(self, pairs: Sequence[Pair], workers: int) -> None:
        """Take the pairs through; `stopped` says afterwards why it ended early, where it did."""
        workers = min(workers, len(pairs))
        self._finished = asyncio.Queue(maxsize=max(2 * workers, WAITING))
        self._all_asked = asyncio.Event()
        self._asking = SideBySide(
            self._agent, self._agent.settings.setting, self._queue_result, trace_id=self._trace_id,
            lets_finish=self._lets_finish,
        )  # fmt: skip
        writer = asyncio.ensure_future(self._write())
        writer.add_done_callback(lambda _: self._asking.cancel())
        async with self._agent.connected(self._run_budget):
            try:
                await self._asking.ask(pairs, workers)
            finally:
                self.stopped = self._asking.stopped
                # Wait until everything finished is written, or the writer fails: then the queue may stay full.
                self._all_asked.set()
                end = asyncio.ensure_future(self._finished.put(None))
                await asyncio.wait((end, writer), return_when=asyncio.FIRST_COMPLETED)
                end.cancel()
                await writer

    async def _queue_result(self, pair: Pair, ended: Trace | Exception) -> None:
        """Queue the outcome of a pair to be written; one that could not be paid for is left open."""
        row = (
            _stamped(pair.id, None, None, {"type": type(ended).__name__, "message": str(ended)}, None)
            if isinstance(ended, Exception)
            else outcome_row(pair.id, ended)
        )
        if row.error is not None and row.error["type"] == BudgetSpent.__name__:
            self._asking.stop(row.error["message"])
            return
        await self._finished.put((row, None if isinstance(ended, Exception) else ended))

    def _trace_id(self, pair: Pair) -> str:
        """The same for the same try of the same pair of the same run, so that a kill changes nothing in the results."""
        digest = hashlib.sha256(f"{self._run_id}\n{pair.id}".encode()).hexdigest()
        return f"run-{digest[:16]}-{self._journal.tries[pair.id] + 1}"

    async def _write(self) -> None:
        """Write what has finished, everything that waits at once: one wait for the disk serves them all."""
        while (finished := await self._finished.get()) is not None:
            # Wait a moment for more to write together, unless no more will come.
            with suppress(TimeoutError):
                async with asyncio.timeout(REST):
                    await self._all_asked.wait()
            batch = [finished, *self._waiting()]
            await asyncio.to_thread(self._save, batch)
            self._on_done(len(batch))

    def _waiting(self) -> Iterator[Finished]:
        while not self._finished.empty():
            finished = self._finished.get_nowait()
            if finished is None:
                self._finished.put_nowait(None)
                return
            yield finished

    def _save(self, batch: Sequence[Finished]) -> None:
        self._traces.append(*(trace for _, trace in batch if trace is not None))
        self._journal.append([row for row, _ in batch])


def outcome_row(pair_id: str, trace: Trace) -> ResultRow:
    """A trace as a row of results."""
    made = trace.recommendation
    row = _stamped(pair_id, made.choice if made else None, made.abstained if made else None, trace.error, trace.id)
    return row.model_copy(update={"leaning": made.leaning}) if made else row


def _stamped(
    pair_id: str, choice: str | None, abstained: str | None, error: dict[str, str] | None, trace_id: str | None
) -> ResultRow:
    return ResultRow(
        pair_id=pair_id, choice=choice, abstained=abstained, error=error, trace_id=trace_id, finished=time.time()
    )
