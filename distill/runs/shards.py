"""A run in parts: shards that others run in folders of their own, and what the run takes over from them.

While a run is divided, `shards/NNNN` holds the journal, traces, paid calls and answers of each part. All of it can be
taken over at any time and again; the folders are removed at the end, or by the next start of the same run.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.agents.traces.store import TraceStore
from kedrec.append_log import LineTail
from kedrec.distill.pairs.pairs_file import Pair
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.journal import Journal, rows_of
from kedrec.errors import Busy
from kedrec.locks import writing
from kedrec.records import Record

if TYPE_CHECKING:
    from kedrec.agents.models.openai_api.answer_cache import AnswerCache
    from kedrec.agents.models.openai_api.run_budget import RunBudget

__all__ = ["Shard", "ShardMerger", "divide", "shard_folder", "wait_for"]

FOLDER = "shards"
PATIENCE = 30.0
"""Seconds to wait for a worker to exit."""
FILLED = 16
"""Pairs of a shard for each that is in flight, at least: at a shard's end ever fewer of its pairs are in flight."""


class Shard(Record):
    """Some of the open pairs of a run."""

    name: str
    """Its folder; never that of another of the same run."""
    pairs: tuple[Pair, ...]
    """The pairs, in order."""
    tries: dict[str, int]
    """How often each was tried before."""
    budget: float | None = None
    """US dollars that the shard may cost in all."""
    answers: Path | None = None
    """Answers that the run has already; nobody writes them meanwhile."""


def shard_folder(run: Path, name: str) -> RunFolder:
    """The folder of a shard."""
    return RunFolder(run / FOLDER / name)


def divide(
    pairs: Sequence[Pair], tries: Counter[str], places: int, in_flight: int, first: int, *, part: float
) -> Iterator[Shard]:
    """Divide pairs into shards, the same ones for the same pairs: ever smaller, so that the last end close together.

    Args:
        pairs: what is open, in order.
        tries: how often each was tried before.
        places: shards that run at the same time.
        in_flight: pairs in flight in each of them.
        first: number of the first shard.
        part: of what is left, which the next shards of all places together hold.
    """
    at, numbers = 0, count(first)
    while at < len(pairs):
        # Pairs of each of the next shards.
        least = FILLED * in_flight
        equal = -(-(len(pairs) - at) // places)
        each = equal if equal <= 2 * least else max(least, int(part * equal))
        end = min(len(pairs), at + each * places)
        for start in range(at, end, each):
            some = tuple(pairs[start : min(end, start + each)])
            yield Shard(name=f"{next(numbers):04}", pairs=some, tries={pair.id: tries[pair.id] for pair in some})
        at = end


class ShardMerger:
    """Takes over into a run what its shards have finished.

    Args:
        folder: of the run, held by this process.
        journal: of the run.
        run_budget: of the run.
    """

    def __init__(self, folder: RunFolder, journal: Journal, run_budget: RunBudget) -> None:
        self._folder, self._journal, self._run_budget = folder, journal, run_budget
        self._traces = TraceStore(folder.traces)
        self._stores: dict[str, TraceStore] = {}
        self._tails: dict[str, LineTail] = {}
        self.paid = Counter[str]()
        """US dollars by shard, as far as they were taken over here."""

    def take(self, name: str) -> int:
        """Take over what a shard has finished since; returns the number of rows. It may be at work meanwhile."""
        shard = shard_folder(self._folder.path, name)
        self.paid[name] += self._run_budget.take_over(name, shard.spent_file)  # type: ignore[assignment]
        # Rows that the shard has written since the last call.
        tail = self._tails.setdefault(name, LineTail(shard.journal_file))
        before = tail.count
        written = rows_of(shard.journal_file, tail.read(), before)
        rows = [row for row in written if self._journal.rows.get(row.pair_id) != row]
        if rows:
            traces = self._stores.setdefault(name, TraceStore(shard.traces))
            self._traces.take_over(traces, [row.trace_id for row in rows if row.trace_id is not None])
            self._journal.append(rows)
        return len(rows)

    def finish(self, answers: AnswerCache | None) -> None:
        """Take over all that is left in the folders of shards, and remove them.

        Args:
            answers: where the answers of the run are kept; None where they are not.

        Raises:
            Busy: if somebody stays at work in one.
        """
        for name in self._names():
            shard = shard_folder(self._folder.path, name)
            wait_for(shard.path)
            with writing(shard.path):
                self.take(name)
                if answers is not None:
                    answers.take_over(shard.answers_file)
                shutil.rmtree(shard.path)
        if self._parts.is_dir():
            self._parts.rmdir()

    def next_number(self) -> int:
        """A number that no shard of the run has had, of all that have paid for anything or are still there."""
        return 1 + max((int(name) for name in (*self._names(), *self._run_budget.shards)), default=-1)

    @property
    def _parts(self) -> Path:
        return self._folder.path / FOLDER

    def _names(self) -> list[str]:
        return sorted(path.name for path in self._parts.iterdir()) if self._parts.is_dir() else []


def wait_for(folder: Path) -> None:
    """Give a worker that was killed, or whose run was, the time to end."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with writing(folder):
                return
        except Busy:
            time.sleep(0.1)
