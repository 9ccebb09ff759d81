"""Versions of a graph on disk: built aside, put in place by one rename, the former one kept until then."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedrec.errors import DamagedData, NotReady, WorkError
from kedrec.locks import writing
from kedrec.os_error_causes import cause_of

__all__ = [
    "FORMAT",
    "MappedLines",
    "current_version",
    "map_array",
    "new_version",
    "read_manifest",
    "trouble",
    "write_manifest",
]

FORMAT = 2
"""Version of the files; a graph of another version must be loaded again."""
MANIFEST = "manifest.json"
CURRENT = "CURRENT"
PREFIX = "version-"
UNFINISHED = ".building-"


class MappedLines:
    """The lines of a file that is opened now and read when first needed, even if it has been removed by then.

    Args:
        path: UTF-8, lines parted (not ended) by line feeds.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as handle:
            empty = os.fstat(handle.fileno()).st_size == 0
            self._content = b"" if empty else mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)

    def read(self) -> list[str]:
        """Return the lines; an empty file has none."""
        content = bytes(self._content).decode("utf-8")
        return content.split("\n") if content else []


def map_array(path: Path) -> NDArray[Any]:
    """Return a saved array, memory-mapped; read-only.

    Raises:
        ValueError: it is empty or cut off.
    """
    try:
        loaded: NDArray[Any] = np.load(path, mmap_mode="r").view(np.ndarray)
    except EOFError as error:
        raise ValueError(f"{path.name} is empty") from error
    return loaded


def current_version(folder: Path) -> Path:
    """Return the folder of the graph in use.

    Raises:
        NotReady: no graph was loaded here.
    """
    try:
        name = (folder / CURRENT).read_text("utf-8").strip()
    except FileNotFoundError:
        raise NotReady(f"No graph in {folder}. Load one: kedrec graph load FILE --names FILE") from None
    return folder / name


def read_manifest(version: Path) -> dict[str, Any]:
    """Return the manifest of a version.

    Raises:
        DamagedData: it is missing or cannot be read, or a file is not as long as it says.
        WorkError: the system would not read it.
        NotReady: it was written in another format.
    """
    try:
        manifest: dict[str, Any] = json.loads((version / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise trouble(version, error) from error
    if manifest.get("format") != FORMAT:
        raise NotReady(f"The graph in {version} has another format. Load it again: kedrec graph load FILE")
    # A file that was cut off can still be readable, so compare its size with the one written.
    for name, written in manifest.get("bytes", {}).items():
        found = (version / name).stat().st_size
        if found != written:
            raise trouble(version, ValueError(f"{name} has {found:,} of {written:,} bytes"))
    return manifest


def trouble(version: Path, error: Exception) -> WorkError:
    """Tell a system that will not read from a graph that is damaged: only that one is to be loaded again."""
    if cause := cause_of(error):
        return WorkError(f"The graph in {version} cannot be read: {cause} ({error}).")
    return DamagedData(f"The graph in {version} is damaged ({error}). Load it again: kedrec graph load FILE")


def write_manifest(version: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest of a version, with the size of each file; the last file of it."""
    sizes = {path.name: path.stat().st_size for path in sorted(version.iterdir()) if path.name != MANIFEST}
    whole = {"format": FORMAT, **manifest, "bytes": sizes}
    (version / MANIFEST).write_text(json.dumps(whole, ensure_ascii=False, indent=1), "utf-8")


@contextlib.contextmanager
def new_version(folder: Path) -> Iterator[Path]:
    """Give an empty folder to build in; when the block ends well it becomes the graph in use, else nothing changes.

    What an earlier, killed build left behind is removed first.

    Raises:
        Busy: another process is building.
    """
    with writing(folder):
        _sweep(folder)
        building = folder / f"{UNFINISHED}{os.getpid()}"
        building.mkdir()
        try:
            yield building
            _put_in_place(folder, building)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        _sweep(folder)


def _sweep(folder: Path) -> None:
    """Remove every version but the one in use; whoever has an old one open keeps reading it."""
    with contextlib.suppress(NotReady):
        in_use = current_version(folder).name
        for version in folder.glob(f"{PREFIX}*"):
            if version.name != in_use:
                shutil.rmtree(version, ignore_errors=True)
    for leftover in [*folder.glob(f"{UNFINISHED}*"), *folder.glob(f"{CURRENT}.new")]:
        shutil.rmtree(leftover, ignore_errors=True) if leftover.is_dir() else leftover.unlink()


def _put_in_place(folder: Path, building: Path) -> None:
    for path in building.iterdir():
        _sync(path)
    _sync(building)
    numbers = [int(path.name.removeprefix(PREFIX)) for path in folder.glob(f"{PREFIX}*")]
    version = folder / f"{PREFIX}{max(numbers, default=0) + 1:06d}"
    building.rename(version)
    fresh = folder / f"{CURRENT}.new"
    fresh.write_text(version.name + "\n", "utf-8")
    _sync(fresh)
    fresh.replace(folder / CURRENT)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
