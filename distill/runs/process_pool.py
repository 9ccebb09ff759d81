"""Worker processes on this machine that run the shards of a run, for one process keeps one processor busy at most.

Each is in a session of its own, so that Ctrl-C reaches the process that started them and nobody else; it tells them. A
worker ends by itself as soon as the process that started it has gone, however that ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Pipe, wait
from pathlib import Path

from kedrec.agents.open_model import check_spec
from kedrec.config import Settings
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.shard_worker import ShardOutcome
from kedrec.distill.runs.sharded_loop import WorkerDied, for_one_of, places_for
from kedrec.distill.runs.shards import Shard
from kedrec.errors import ConfigError
from kedrec.processors import processors

__all__ = ["ProcessPool", "check_model", "open_process_pool"]

LEAST = 16
"""Pairs in flight that are worth a process of their own, where a server answers."""
PART = 0.75
"""Of what is left that is given out at a time: processes of one machine are about as fast as each other."""
PATIENCE = 10.0
"""Seconds in which a worker has ended that was killed."""
START = "from kedrec.distill.runs.process_worker import main; main()"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""There is a process for each processor already."""


def check_model(settings: Settings) -> None:
    """Refuse a model that each worker would have to load.

    Raises:
        ConfigError: it is one with weights of its own.
    """
    if check_spec(settings.model)[0] == "local":
        raise ConfigError(
            f"With --engine processes each process would load {settings.model}. Take --engine direct, or serve the"
            " model and give its address: --model openai:NAME and KEDREC_BASE_URL."
        )


@contextmanager
def open_process_pool(settings: Settings, folder: RunFolder, pairs: int) -> Iterator[ProcessPool]:
    """Have so many worker processes as the settings say; none of them is left at the end.

    Args:
        settings: of the whole run.
        folder: of the run.
        pairs: what is open.
    """
    least = LEAST if check_spec(settings.model)[0] == "openai" else 1
    most = max(1, min(processors(), settings.workers // least, pairs // least))
    places = places_for(settings, most, pairs)
    pool = ProcessPool(for_one_of(places, settings), folder, places)
    try:
        yield pool
    finally:
        pool.close()


class ProcessPool:
    """Worker processes of this one; the handle of a running shard is its worker.

    Args:
        share: settings of each worker.
        folder: of the run.
        places: shards that run at the same time.
    """

    def __init__(self, share: Settings, folder: RunFolder, places: int) -> None:
        self.share, self.places, self.part = share, places, PART
        self._run = folder.path.resolve()
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        for _ in range(places):
            self._idle.append(self._started())

    def start(self, shard: Shard) -> Worker:
        """Start a shard; returns its handle."""
        worker = self._idle.pop() if self._idle else self._started()
        worker.ask(self.share, self._run, shard)
        return worker

    def wait(self, running: Collection[Worker], seconds: float) -> Collection[Worker]:
        """Those of the handles that have ended, as soon as one has, or none after so many seconds."""
        ended = set(wait([worker.connection for worker in running], seconds))
        return [worker for worker in running if worker.connection in ended]

    def result(self, handle: Worker) -> ShardOutcome:
        """How a shard ended that has.

        Raises:
            WorkerDied: by the death of its worker.
        """
        try:
            outcome: ShardOutcome = handle.connection.recv()
        except (EOFError, OSError):
            self._all.discard(handle)
            raise WorkerDied(f"process {handle.process.pid} ended with {handle.end(PATIENCE)}") from None
        self._idle.append(handle)
        return outcome

    def stop(self, handle: Worker, *, force: bool) -> None:
        """Let a shard end after what is in flight, or at once."""
        handle.process.send_signal(signal.SIGKILL if force else signal.SIGINT)

    def close(self) -> None:
        """End all workers."""
        while self._all:
            self._all.pop().end(0)

    def _started(self) -> Worker:
        worker = Worker()
        self._all.add(worker)
        return worker


class Worker:
    """A process that runs one shard after another.

    Attributes:
        process: it.
        connection: to it; there is something to read, or its end, when a shard has ended.
    """

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        environment = {**ONE_THREAD, **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, str(theirs.fileno())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment, pass_fds=[theirs.fileno()],
                start_new_session=True,
            )  # fmt: skip

    def ask(self, settings: Settings, run: Path, shard: Shard) -> None:
        """Ask for a shard; where the process has died, its connection says so afterwards."""
        with suppress(OSError):
            self.connection.send((settings, run, shard))

    def end(self, patience: float) -> int:
        """See the process end by itself for some seconds, and kill it then; its exit code."""
        self.connection.close()
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
