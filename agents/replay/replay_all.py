"""Every trace of a store replayed: a regression test of prompts and code on what models once answered."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

from kedrec.agents.replay.replay import areplay
from kedrec.agents.traces.store import TraceStore
from kedrec.errors import DamagedData
from kedrec.processors import processors
from kedrec.records import Record

__all__ = ["Replayed", "Replays", "replay_all"]

BATCH = 25
"""Traces that a process is given at once."""
WORTH_PROCESSES = 300
"""Traces from which on starting processes is worth its time."""


class Replayed(Record):
    """A trace that did not come out as recorded."""

    trace_id: str
    """Its id."""
    step: str
    """Where it differs; `error` where it cannot be read or replayed."""
    recorded: str
    """As the trace has it, from shortly before the first character that differs; JSON."""
    replayed: str
    """The same of what came out now; the error's message where it cannot be read or replayed."""


class Replays(Record):
    """The outcome of many replays."""

    traces: int
    """How many were replayed."""
    identical: int
    """How many came out as recorded."""
    different: tuple[Replayed, ...]
    """The others, each with its first difference, in the order in which they were recorded."""
    seconds: float
    """Wall-clock."""

    def by_step(self) -> dict[str, int]:
        """Where they differ, the most frequent place first."""
        return dict(Counter(one.step for one in self.different).most_common())


def replay_all(
    folder: Path, *, workers: int | None = None, on_done: Callable[[int, int], None] | None = None
) -> Replays:
    """Replay every trace of a store; nothing leaves this machine.

    Args:
        folder: of the store.
        workers: processes; as many as cores by default.
        on_done: called with how many are done and how many there are.
    """
    begun, ids = time.monotonic(), TraceStore(folder).ids()
    batches = [ids[at : at + BATCH] for at in range(0, len(ids), BATCH)]
    workers = min(workers or processors(), len(batches))
    different: list[Replayed] = []
    done = 0
    for size, found in _results(folder, batches, workers if len(ids) >= WORTH_PROCESSES else 1):
        done += size
        different += found
        if on_done is not None:
            on_done(done, len(ids))
    place = {trace_id: at for at, trace_id in enumerate(ids)}
    different.sort(key=lambda one: place[one.trace_id])
    seconds = round(time.monotonic() - begun, 2)
    return Replays(traces=len(ids), identical=len(ids) - len(different), different=tuple(different), seconds=seconds)


def _results(folder: Path, batches: Sequence[Sequence[str]], workers: int) -> Iterator[tuple[int, list[Replayed]]]:
    if workers <= 1:
        for batch in batches:
            yield len(batch), _replay_batch(folder, batch)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(_replay_batch, folder, batch): len(batch) for batch in batches}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _replay_batch(folder: Path, ids: Sequence[str]) -> list[Replayed]:
    store = _store(folder)
    return asyncio.run(_differing(store, ids))


@cache
def _store(folder: Path) -> TraceStore:
    return TraceStore(folder)


async def _differing(store: TraceStore, ids: Sequence[str]) -> list[Replayed]:
    found = [await _replayed(store, trace_id) for trace_id in ids]
    return [one for one in found if one is not None]


async def _replayed(store: TraceStore, trace_id: str) -> Replayed | None:
    """What differs, or what kept a trace from being replayed; None where it came out as recorded."""
    try:
        difference = (await areplay(store.get(trace_id))).first_difference
    except DamagedData as error:
        return Replayed(trace_id=trace_id, step="error", recorded="", replayed=str(error))
    except Exception as error:  # noqa: BLE001 - a change of the code that breaks one replay is what this looks for
        return Replayed(trace_id=trace_id, step="error", recorded="", replayed=f"{type(error).__name__}: {error}")
    if difference is None:
        return None
    recorded, replayed = difference.excerpt()
    return Replayed(trace_id=trace_id, step=difference.step, recorded=recorded, replayed=replayed)
