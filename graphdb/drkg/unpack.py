"""Unpacks a gzipped tar archive from elsewhere: all of it or nothing, and nothing outside the folder.

Refused are absolute names, names that climb, links, devices, a name that comes twice, and more data or more files than
stated, counted while unpacking whatever the headers say.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from kedrec.errors import DamagedData, WorkError
from kedrec.graphdb.drkg.fetch import sync

__all__ = ["MOST_BYTES", "unpack"]

MOST_BYTES = 4 << 30
MOST_FILES = 10_000
BLOCK = 1 << 20
MARK = "unpacked.json"
"""Written last: the archive's SHA-256 and the sizes of the files."""
APPLE_DOUBLE = "._"
"""Beginning of the names of what macOS adds to archives; DRKG's holds some."""

OnShare = Callable[[int, int], None]
"""Called with how many of how many bytes of the archive are unpacked."""


def unpack(
    archive: Path, sha256: str, folder: Path, on_share: OnShare | None = None, most_bytes: int = MOST_BYTES
) -> list[Path]:
    """Unpack an archive into a folder of its own; where that was done already, only see that the files are there.

    Whoever calls holds the lock of the folder around it.

    Args:
        archive: gzipped tar archive.
        sha256: of the archive; a folder unpacked from another one is replaced.
        folder: where its files go.
        on_share: called with the progress.
        most_bytes: unpacked size beyond which it is refused.

    Returns:
        The files, sorted.

    Raises:
        DamagedData: the archive is cut off or damaged, or holds what is refused; nothing is unpacked.
        WorkError: the folder cannot be written.
    """
    if _is_there(folder, sha256):
        return _files(folder)
    aside = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        _extract_all(archive, aside, on_share, most_bytes)
        found = _files(aside)
        sizes = {path.relative_to(aside).as_posix(): path.stat().st_size for path in found}
        (aside / MARK).write_text(json.dumps({"archive_sha256": sha256, "files": sizes}, indent=1) + "\n", "utf-8")
        sync([*found, aside / MARK, aside])
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedData(f"{archive} is damaged or cut off ({error}); remove it, then fetch it again") from error
    except OSError as error:
        raise WorkError(f"{archive} could not be unpacked into {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return _files(folder)


def _is_there(folder: Path, sha256: str) -> bool:
    try:
        mark = json.loads((folder / MARK).read_text("utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in mark["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(mark == {"archive_sha256": sha256, "files": sizes})


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MARK)


def _extract_all(archive: Path, folder: Path, on_share: OnShare | None, most_bytes: int) -> None:
    size = archive.stat().st_size
    with archive.open("rb") as packed, gzip.GzipFile(fileobj=packed) as unpacked:
        bounded = _Bounded(archive, cast(BinaryIO, unpacked), most_bytes, lambda: _tell(on_share, packed.tell(), size))
        with tarfile.open(fileobj=cast(BinaryIO, bounded), mode="r|", format=tarfile.PAX_FORMAT) as tar:
            for count, member in enumerate(tar, 1):
                _check(archive, member, count, folder)
                if not PurePosixPath(member.name).name.startswith(APPLE_DOUBLE):
                    tar.extract(member, folder, set_attrs=False, filter="data")
        while bounded.read(BLOCK):
            """Only at its very end does the gzip data tell whether all of it was right."""


def _tell(on_share: OnShare | None, done: int, total: int) -> None:
    if on_share:
        on_share(done, total)


def _check(archive: Path, member: tarfile.TarInfo, count: int, folder: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise _refusal(archive, f"{member.name!r} leads out of the folder")
    if not (member.isreg() or member.isdir()):
        raise _refusal(archive, f"{member.name!r} is a link or a device")
    if member.isreg() and ((folder / path).exists() or path.name == MARK):
        raise _refusal(archive, f"{member.name!r} comes twice or is a name of ours")
    if count > MOST_FILES:
        raise _refusal(archive, f"it holds over {MOST_FILES:,} files")


def _refusal(archive: Path, found: str) -> DamagedData:
    return DamagedData(f"{archive} is not unpacked: {found}. It is not the published archive; remove it, fetch again")


class _Bounded:
    """A stream that ends with an error when more comes out of it than it may give."""

    def __init__(self, archive: Path, stream: BinaryIO, most: int, on_read: Callable[[], None]) -> None:
        self._archive, self._stream, self._most, self._left, self._on_read = archive, stream, most, most, on_read

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise _refusal(self._archive, f"it unpacks to over {self._most:,} bytes")
        self._on_read()
        return block
