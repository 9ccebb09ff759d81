"""What the link model solves once for a graph, kept in a folder: it takes seconds to compute, milliseconds to map.

A solution is named by a hash of everything it is computed from, so that one of another graph, of other names or with
other pairs hidden is never taken for it. It is written aside and renamed when whole; one that is damaged is computed
again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedrec.graphdb.link_prediction.kernels import Profile
from kedrec.graphdb.link_prediction.smoothing import Smoother
from kedrec.graphdb.snapshots import map_array

__all__ = ["Solution", "Solutions", "key_of"]

LOG = logging.getLogger(__name__)
FORMAT = 1
"""Raised whenever what is stored, or how it is computed, changes."""
MANIFEST = "manifest.json"
UNFINISHED = ".part-"


@dataclass(frozen=True)
class Solution:
    """What is solved for one graph with some pairs hidden."""

    drugs: tuple[Smoother, ...]
    """Regressions over drugs, the finer one first."""
    diseases: tuple[Smoother, ...]
    """The same over diseases."""
    basis: NDArray[np.float32]
    """Main directions of the treat matrix, shape (diseases, rank)."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything in it, by the name of its file."""
        found: dict[str, NDArray[Any]] = {"basis": self.basis}
        for side, smoothers in (("drugs", self.drugs), ("diseases", self.diseases)):
            for number, smoother in enumerate(smoothers):
                found[f"{side}-{number}"] = smoother.inverse
                found[f"{side}-{number}-ridge"] = np.array([smoother.ridge])
        return found

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Solution:
        """What `arrays` gave."""
        drugs, diseases = (tuple(_smoothers(arrays, side)) for side in ("drugs", "diseases"))
        return cls(drugs, diseases, arrays["basis"])


def _smoothers(arrays: dict[str, NDArray[Any]], side: str) -> Iterator[Smoother]:
    number = 0
    while f"{side}-{number}" in arrays:
        yield Smoother(arrays[f"{side}-{number}-ridge"][0], arrays[f"{side}-{number}"])
        number += 1


def key_of(settings: Any, matrices: Iterable[tuple[str, Profile]]) -> str:
    """Return the name of a solution: a hash of what it is computed from.

    Args:
        settings: Numbers, as JSON takes them.
        matrices: Profiles and the treat matrix, by name.
    """
    digest = hashlib.sha256(json.dumps([FORMAT, settings]).encode())
    for name, matrix in matrices:
        digest.update(f"\n{name} {matrix.shape} {matrix.data.dtype} {matrix.indices.dtype}\n".encode())
        for part in (matrix.indptr, matrix.indices, matrix.data):
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()[:32]


class Solutions:
    """A folder that keeps the solution of the graph in use.

    Args:
        folder: Where it lies; made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str, compute: Callable[[], Solution], *, keep: bool) -> Solution:
        """Return a solution: the kept one, or else a computed one.

        Args:
            key: Its name, by `key_of`.
            compute: Solves it.
            keep: Whether what was computed is kept, in place of what was kept before.
        """
        found = self._read(self._folder / key)
        if found is None:
            found = compute()
            if keep:
                self._write(key, found)
        return found

    def _read(self, place: Path) -> Solution | None:
        """Map what is kept; None where there is nothing, or nothing sound."""
        try:
            # The checksum of each array.
            path = place / MANIFEST
            manifest = json.loads(path.read_text("utf-8"))
            sums: dict[str, int] = manifest["sums"]
            if zlib.crc32(json.dumps(sums).encode()) != manifest["sum_of_sums"]:
                raise ValueError(f"{path.name} is not what was written")
            return Solution.of({name: _sound(place / f"{name}.npy", sums[name]) for name in sums})
        except FileNotFoundError:
            if not place.exists():
                return None
            LOG.warning("The link model in %s lacks files; it is computed again.", place)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            LOG.warning("The link model in %s is damaged (%s); it is computed again.", place, error)
        return None

    def _write(self, key: str, solution: Solution) -> None:
        """Keep a solution and remove all others; where the folder cannot be written, nothing is kept."""
        aside = self._folder / f"{UNFINISHED}{key}-{os.getpid()}"
        try:
            aside.mkdir(parents=True, exist_ok=True)
            _save(aside, solution.arrays())
            # Remove earlier solutions: a process that has one mapped keeps reading it, one that is writing starts over.
            for other in self._folder.iterdir():
                if other != aside and not _is_being_written(other):
                    shutil.rmtree(other, ignore_errors=True)
            aside.rename(self._folder / key)
        except OSError as error:
            LOG.info("The link model is not kept in %s: %s", self._folder, error)
        finally:
            with contextlib.suppress(OSError):
                shutil.rmtree(aside, ignore_errors=True)


def _is_being_written(place: Path) -> bool:
    """Whether a process that still lives writes there."""
    name, _, writer = place.name.rpartition("-")
    return name.startswith(UNFINISHED) and writer.isdigit() and Path(f"/proc/{writer}").exists()


def _save(place: Path, arrays: dict[str, NDArray[Any]]) -> None:
    sums = {}
    for name, array in arrays.items():
        path = place / f"{name}.npy"
        with path.open("wb") as file:
            np.save(file, array)
            file.flush()
            os.fsync(file.fileno())
        sums[name] = _sum_of(map_array(path))
    manifest = {"format": FORMAT, "sums": sums, "sum_of_sums": zlib.crc32(json.dumps(sums).encode())}
    (place / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _sound(path: Path, expected: int) -> NDArray[Any]:
    """Map an array.

    Raises:
        ValueError: It is not what was written.
    """
    array = map_array(path)
    if _sum_of(array) != expected:
        raise ValueError(f"{path.name} is not what was written")
    return array


def _sum_of(array: NDArray[Any]) -> int:
    """Return a checksum of an array's shape, type and numbers."""
    head = f"{array.shape} {array.dtype} {array.flags.c_contiguous}".encode()
    return zlib.crc32(np.ascontiguousarray(array.T if array.flags.f_contiguous else array).data, zlib.crc32(head))
