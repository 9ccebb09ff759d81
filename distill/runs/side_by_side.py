"""Pairs asked side by side: so many in flight, each at its turn, all on one event loop; of runs and of evaluation."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kedrec.agents.workflow.turn_taking import LoopSlot
from kedrec.distill.pairs.pairs_file import Pair
from kedrec.records import Corpora, Trace

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from kedrec.agents.agent import Agent

__all__ = ["BY_SIGNAL", "SideBySide", "on_own_loop"]

BY_SIGNAL = "stopped by a signal"
"""Stop reason after SIGINT or SIGTERM."""

COLLECTED = (20_000, 20, 20)
"""Objects that are made before the youngest of Python's collector are looked at, and rounds before older ones are."""

Land = Callable[[Pair, Trace | Exception], Awaitable[None]]
"""Called with each pair as it ends: its trace, or what kept it from one. What it raises ends the asking."""


def on_own_loop(work: Coroutine[Any, Any, None]) -> None:
    """Work on an event loop of its own; libuv's takes a tenth less processor time a pair than Python's."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


class SideBySide:
    """Asks an agent about pairs, several at a time. To be made on the event loop on which it asks.

    Args:
        agent: answers; whoever asks keeps it connected meanwhile.
        setting: which corpora are used.
        land: called for each pair as it ends.
        trace_id: what the id of the trace of a pair is to be; None for a new one.
        lets_finish: whether the first signal waits for what is in flight.
    """

    def __init__(
        self,
        agent: Agent,
        setting: Corpora,
        land: Land,
        *,
        trace_id: Callable[[Pair], str] | None = None,
        lets_finish: bool = True,
    ) -> None:
        self._agent, self._setting, self._land = agent, setting, land
        self._trace_id, self._lets_finish = trace_id, lets_finish
        self._free = asyncio.Semaphore(1)
        self._tasks: list[asyncio.Future[None]] = []
        self.stopped: str | None = None

    async def ask(self, pairs: Sequence[Pair], workers: int) -> None:
        """Ask about all pairs; `stopped` says afterwards why it ended early, where it did.

        Raises:
            Exception: the first that `land` raised.
        """
        upcoming = iter(pairs)
        self._tasks = [asyncio.ensure_future(self._work(upcoming)) for _ in range(min(workers, len(pairs)))]
        with self._stoppable(), _rarely_collected():
            outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome

    def stop(self, why: str) -> None:
        """Begin no other pair."""
        self.stopped = why

    def cancel(self) -> None:
        """End what is in flight."""
        for task in self._tasks:
            task.cancel()

    async def _work(self, pairs: Iterator[Pair]) -> None:
        for pair in pairs:
            if self.stopped is not None:
                return
            ended = await self._ask(pair)
            try:
                await self._land(pair, ended)
            except Exception:
                self.cancel()
                raise

    async def _ask(self, pair: Pair) -> Trace | Exception:
        from kedrec.agents.agent import Query

        candidates = tuple(drug.id for drug in pair.candidates)
        query = Query(disease=pair.disease.id, candidates=candidates, setting=self._setting)
        trace_id = self._trace_id(pair) if self._trace_id else None
        try:
            return await self._agent.arun(query, trace_id=trace_id, slot=LoopSlot(self._free))
        except Exception as error:  # noqa: BLE001 - a pair that goes wrong is reported as such; the others go on
            return error

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """The first signal stops after what is in flight, where that is waited for; the second at once.

        Signals reach the main thread alone; elsewhere they are left to whoever looks after them there.
        """
        names = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
        loop = asyncio.get_running_loop()
        for name in names:
            loop.add_signal_handler(name, self._signalled)
        try:
            yield
        finally:
            for name in names:
                loop.remove_signal_handler(name)

    def _signalled(self) -> None:
        if self.stopped is not None or not self._lets_finish:
            self.cancel()
        self.stop(BY_SIGNAL)


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
