"""Literature read and embedded by the workers of a Ray cluster; this process alone writes library and vectors.

A file is read by one worker into its stage beside the library, just as this process would, and taken over from there in
the order of the files. Passages to embed go to the workers 512 at a time, and their vectors come back. What a worker
was at when it was killed is given to another one: a file resumes from the last records in its stage.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.arrays import Vectors
from kedrec.config import Settings
from kedrec.errors import Busy, InputError, KedrecError, NotReady, WorkError
from kedrec.locks import writing
from kedrec.processors import processors
from kedrec.ray_cluster import ray_cluster, settings_there
from kedrec.tools.embedders.minilm import MiniLM
from kedrec.tools.embedders.registry import embedder
from kedrec.tools.library.ingest import Adder
from kedrec.tools.library.staging import Stage, fingerprint
from kedrec.tools.sources import Reading, read
from kedrec.tools.text.drug_filter import DrugFilter

__all__ = ["Ahead", "Workers", "embed_there", "read_there", "workers_of"]

PIECE = 512
"""Passages that are embedded by one worker at a time."""
RETRIES = 5
"""How often a piece is given out again whose worker died."""

Ahead = Callable[[Path], int]
"""Waits until a file has been read elsewhere, and returns how much of it had been read before."""


@contextmanager
def workers_of(settings: Settings) -> Iterator[Workers]:
    """Be connected to the workers of the cluster that the settings name, or of one that is started here.

    Raises:
        MissingExtra: Ray is not installed.
        ConfigError: no cluster is at that address.
    """
    with ray_cluster(settings, settings.shards or processors()) as ray:
        yield Workers(ray, settings)


class Workers:
    """Workers that read and embed.

    Args:
        ray: The module, connected.
        settings: Theirs; `shards` is how many of them are used, one for each processor of the cluster where empty.
    """

    def __init__(self, ray: Any, settings: Settings) -> None:
        self._ray, self._settings = ray, settings_there(settings)
        self._most = settings.shards or int(ray.cluster_resources().get("CPU", 1))

    @contextmanager
    def reading(self, adder: Adder, paths: Sequence[Path], *, again: bool) -> Iterator[Ahead]:
        """Have files read ahead, in order, a few at a time; files that cannot be opened are left to the caller.

        Args:
            adder: What takes them over; says where, and how they are read.
            paths: Files.
            again: Whether to read what was added before.
        """
        # The files that are to be read, each once, and their fingerprints.
        wanted: dict[Path, str] = {}
        for file in paths:
            with suppress(InputError):
                known = fingerprint(file, adder.how, adder.keep.name if adder.keep else "")
                if known not in wanted.values() and (again or adder.library.settled(known) is None):
                    wanted[file] = known
        held, folder = self._ray.put((adder.how, adder.keep)), adder.library.folder.resolve()
        ends = self._in_order(read_there, ((folder, path.resolve(), name, held) for path, name in wanted.items()))
        waiting = deque(wanted)

        def ahead(path: Path) -> int:
            if not waiting or waiting[0] != path:
                return 0
            waiting.popleft()
            return int(next(ends))

        try:
            yield ahead
        finally:
            ends.close()

    def rounds(self, texts: Sequence[str]) -> Iterator[tuple[range, Vectors]]:
        """Embed passages, as `Embedder.rounds` does.

        Raises:
            NotReady: a machine has another model.
            WorkError: a piece could not be embedded.
        """
        parts = [range(start, min(start + PIECE, len(texts))) for start in range(0, len(texts), PIECE)]
        model = embedder(self._settings).identity
        pieces = ((self._settings, model, [texts[i] for i in part]) for part in parts)
        yield from zip(parts, self._in_order(embed_there, pieces), strict=True)

    def _in_order(self, work: Callable[..., Any], pieces: Iterable[tuple[Any, ...]]) -> Generator[Any, None, None]:
        """Give out pieces and yield what became of them in their order; one for each worker, and one that waits."""
        options = {"num_cpus": 1, "max_retries": RETRIES, "retry_exceptions": [Busy], "name": work.__name__}
        remote = self._ray.remote(scheduling_strategy="SPREAD", **options)(_told)
        given: deque[Any] = deque()
        try:
            for piece in pieces:
                given.append(remote.remote(work, *piece))
                if len(given) > self._most:
                    yield self._taken(given.popleft(), work.__name__)
            while given:
                yield self._taken(given.popleft(), work.__name__)
        finally:
            for reference in given:
                self._ray.cancel(reference, force=True)

    def _taken(self, reference: Any, name: str) -> Any:
        from ray.exceptions import RayError

        try:
            found, problem = self._ray.get(reference)
        except RayError as error:
            last = str(error).strip().splitlines()[-1]
            raise WorkError(
                f"A piece of the work ({name}) failed on the Ray cluster {RETRIES + 1} times: {last}"
            ) from None
        if problem:
            raise NotReady(problem)
        return found


def _told(work: Callable[..., Any], *piece: Any) -> tuple[Any, str]:
    """Do a piece of work; return what became of it, or nothing and what is wrong with this machine."""
    try:
        return work(*piece), ""
    except Busy:
        raise
    except KedrecError as error:
        return None, f"The machine {socket.gethostname()} cannot help: {error}"


def read_there(folder: Path, path: Path, name: str, way: tuple[Reading, DrugFilter | None]) -> int:
    """Read a file into its stage; a damaged one as far as it goes, for the process that adds it finds the same.

    Args:
        folder: Of the library.
        path: The file.
        name: Its fingerprint.
        way: How it is read, and what says which documents are kept.

    Returns:
        Records of it that had been read before.

    Raises:
        NotReady: library or file are not there, or another file is.
        Busy: another worker is at it.
    """
    how, keep = way
    if not folder.is_dir():
        raise NotReady(f"{folder} is not there; the home must be at the same path on every machine.")
    if fingerprint(path, how, keep.name if keep else "") != name:
        raise NotReady(f"{path} is another file than where the command was given; files must be shared.")
    with writing(folder / "staged" / f"{name}.reading"):
        stage = Stage(folder / "staged", name)
        try:
            before, whole = stage.place
            if not whole:
                with suppress(InputError):
                    stage.fill(read(path, how, before), keep)
            return before
        finally:
            stage.close(discard=False)


def embed_there(settings: Settings, identity: str, texts: Sequence[str]) -> Vectors:
    """Embed passages on one processor.

    Args:
        settings: `embedder` and what it needs.
        identity: Of the model that is meant.
        texts: Passages.

    Returns:
        Vectors of length 1, shape (passages, width).

    Raises:
        NotReady: the embedder of the settings is another model here.
    """
    model = embedder(settings)
    if model.identity != identity:
        raise NotReady(f"its embedder {settings.embedder} is {model.identity}, not {identity}.")
    if isinstance(model, MiniLM):
        model.threads = 1
    return np.concatenate([vectors for _, vectors in model.rounds(texts)])
