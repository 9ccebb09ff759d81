"""The pairs of a run in flight: asked side by side, and written down in batches as they finish."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kedrec.agents.workflow.turn_taking import Turn
from kedrec.distill.pairs.pairs_file import Pair
from kedrec.distill.runs.journal import Journal, ResultRow
from kedrec.errors import BudgetSpent
from kedrec.records import Trace

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent
    from kedrec.agents.models.openai_api.run_budget import Purse
    from kedrec.agents.traces.store import TraceStore

__all__ = ["BY_SIGNAL", "Flight", "outcome_row"]

BY_SIGNAL = "stopped by a signal"
"""Why a flight ended that was told to."""

COLLECTED = (20_000, 20, 20)
"""Objects that are made before the youngest of Python's collector are looked at, and rounds before older ones are."""

REST = 0.25
"""Seconds between two writes: each waits for the disk. A kill loses what has finished meanwhile, but no paid answer."""
WAITING = 256
"""Finished pairs that may wait to be written, at least: a model that answers at once finishes many meanwhile."""

Finished = tuple[ResultRow, Trace | None]


class Flight:
    """Takes pairs through the agent, several at a time.

    Args:
        agent: answers.
        traces: keeps the traces.
        journal: keeps the rows.
        run_id: what the ids of the traces begin with.
        purse: pays for model calls, where they are paid for.
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
        purse: Purse | None,
        on_done: Callable[[int], None],
        lets_finish: bool = True,
    ) -> None:
        self._lets_finish = lets_finish
        self._agent, self._traces, self._journal, self._purse = agent, traces, journal, purse
        self._run_id, self._on_done = run_id, on_done
        self._finished: asyncio.Queue[Finished | None]
        self._free: asyncio.Semaphore
        self._landed: asyncio.Event
        self.stopped: str | None = None

    def fly(self, pairs: Sequence[Pair], workers: int) -> None:
        """`run` on an event loop of its own; libuv's takes a tenth less processor time a pair than Python's."""
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.run(pairs, workers))

    async def run(self, pairs: Sequence[Pair], workers: int) -> None:
        """Take the pairs through; `stopped` says afterwards why it ended early, where it did."""
        workers = min(workers, len(pairs))
        self._finished = asyncio.Queue(maxsize=max(2 * workers, WAITING))
        self._free, self._landed = asyncio.Semaphore(1), asyncio.Event()
        upcoming = iter(pairs)
        writer = asyncio.ensure_future(self._write())
        async with self._agent.connected(self._purse):
            tasks = [asyncio.ensure_future(self._work(upcoming)) for _ in range(workers)]
            writer.add_done_callback(lambda _: [task.cancel() for task in tasks])
            with self._stoppable(tasks), _rarely_collected():
                outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            await self._all_written(writer)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome

    async def _work(self, pairs: Iterator[Pair]) -> None:
        for pair in pairs:
            if self.stopped is not None:
                return
            row, trace = await self._ask(pair)
            if row.error is not None and row.error["type"] == BudgetSpent.__name__:
                self.stopped = row.error["message"]
                return
            await self._finished.put((row, trace))

    async def _ask(self, pair: Pair) -> Finished:
        from kedrec.agents.agent import Query

        candidates = tuple(drug.id for drug in pair.candidates)
        query = Query(disease=pair.disease.id, candidates=candidates, setting=self._agent.settings.setting)
        try:
            trace = await self._agent.arun(query, trace_id=self._trace_id(pair), turn=Turn(self._free))
        except Exception as error:  # noqa: BLE001 - a pair that goes wrong is a row of its own; the others go on
            failed = {"type": type(error).__name__, "message": str(error)}
            return _stamped(pair.id, None, None, failed, None), None
        return outcome_row(pair.id, trace), trace

    def _trace_id(self, pair: Pair) -> str:
        """The same for the same try of the same pair of the same run, so that a kill changes nothing in the results."""
        digest = hashlib.sha256(f"{self._run_id}\n{pair.id}".encode()).hexdigest()
        return f"run-{digest[:16]}-{self._journal.tries[pair.id] + 1}"

    async def _write(self) -> None:
        """Write what has finished, everything that waits at once: one wait for the disk serves them all."""
        while (finished := await self._finished.get()) is not None:
            await self._rest()
            batch = [finished, *self._waiting()]
            await asyncio.to_thread(self._save, batch)
            self._on_done(len(batch))

    async def _all_written(self, writer: asyncio.Future[None]) -> None:
        """See what has finished written to its end, unless the writer fails: then nobody makes room any more."""
        self._landed.set()
        end = asyncio.ensure_future(self._finished.put(None))
        await asyncio.wait((end, writer), return_when=asyncio.FIRST_COMPLETED)
        end.cancel()
        await writer

    async def _rest(self) -> None:
        """Let more come together, unless nothing will."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REST):
                await self._landed.wait()

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

    @contextmanager
    def _stoppable(self, tasks: Sequence[asyncio.Future[None]]) -> Iterator[None]:
        """The first signal stops after what is in flight, where that is waited for; the second at once."""

        def stop() -> None:
            if self.stopped is not None or not self._lets_finish:
                for task in tasks:
                    task.cancel()
            self.stopped = BY_SIGNAL

        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop)
        try:
            yield
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(name)


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Leave the graph and the names out of garbage collection: looking through them is a sixth of a run."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def outcome_row(pair_id: str, trace: Trace) -> ResultRow:
    """A trace as a row of results."""
    made = trace.recommendation
    choice, abstained = (made.choice, made.abstained) if made else (None, None)
    return _stamped(pair_id, choice, abstained, trace.error, trace.id)


def _stamped(
    pair_id: str, choice: str | None, abstained: str | None, error: dict[str, str] | None, trace_id: str | None
) -> ResultRow:
    return ResultRow(
        pair_id=pair_id, choice=choice, abstained=abstained, error=error, trace_id=trace_id, finished=time.time()
    )
