"""Files as they are stored: plain, compressed (gzip, xz, bzip2), or archives (tar, zip) of such files.

Everything is read in place, front to back; nothing is unpacked onto the disk. A zip's table of contents is held in
memory, about 500 bytes a member; a tar takes none.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from kedrec.errors import InputError
from kedrec.magic_bytes import GZIP, ZIP
from kedrec.tools.streams.encodings import in_utf8

__all__ = ["ArchiveMember", "opened", "parts"]

_BUFFER = 1 << 20
_DATA = re.compile(r"(?i)(?:^|/)[^/.][^/]*\.(?:n?xml|json|jsonl|ndjson)(?:\.(?:gz|xz|bz2))?$")
"""Names of members that are read; all others (read-me files, figures, lists) are passed over."""
_PACKINGS: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (GZIP, lambda stream: gzip.GzipFile(fileobj=stream)), (b"\xfd7zXZ\x00", lzma.LZMAFile), (b"BZh", bz2.BZ2File),
)  # fmt: skip
"""How a compressed stream begins, and what unpacks it."""
_ZIP = (ZIP, b"PK\x05\x06")
_BLOCK = 512
_OTHERS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"), (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard"), (b"\x1f\x9d", "compressed by compress (.Z)"),
    (b"\x04\x22\x4d\x18", "compressed by LZ4"), (b"%PDF-", "a PDF"), (b"PAR1", "a Parquet table"),
    (b"SQLite format 3\0", "an SQLite database"), (b"\xd0\xcf\x11\xe0", "an older Office document"),
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"),
)  # fmt: skip
"""How files begin that are not read, and what they are."""


@dataclass(frozen=True)
class ArchiveMember:
    """One stream of records."""

    name: str
    """Name within its archive; empty where the file is no archive."""
    stream: io.BufferedReader
    """Its bytes, unpacked."""


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader]:
    """Open a file, and name it in every error that reading it brings.

    Raises:
        InputError: it is missing, cannot be read, or is damaged or cut off.
    """
    try:
        with path.open("rb") as raw:
            yield raw
    except FileNotFoundError:
        raise InputError(path, "there is no such file") from None
    except UnicodeDecodeError as error:
        told = error.encoding.upper()
        raise InputError(path, f"it begins as {told} and does not go on so; convert it to UTF-8") from error
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, tarfile.TarError, zipfile.BadZipFile) as error:
        raise InputError(path, f"the archive is damaged or cut off ({error}); fetch it again") from error
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror or error}") from error


def parts(path: Path, raw: io.BufferedReader) -> Iterator[ArchiveMember]:
    """Yield what a file holds: itself, or the members of an archive in order.

    Args:
        path: The file, for messages.
        raw: The file, open at its beginning.

    Raises:
        InputError: it has not the form that its name says, or is an archive with nothing to read in it.
    """
    head = raw.peek(16)
    if path.suffix == ".gz" and head and not head.startswith(GZIP):
        raise InputError(path, "named .gz but not gzipped; rename it or fetch it again")
    if head.startswith(_ZIP):
        yield from _held(path, _zipped(path, raw))
        return
    other = next((what for magic, what in _OTHERS if head.startswith(magic)), None)
    if other:
        raise InputError(path, f"it is {other}, which is not read; unpack it or export it as XML, JSON or JSONL first")
    stream = _unpacked(raw)
    if stream.peek(_BLOCK)[257:262] == b"ustar":
        yield from _held(path, _tarred(stream))
    else:
        yield ArchiveMember("", stream)


def _unpacked(stream: io.BufferedReader) -> io.BufferedReader:
    """Unpack a stream where it is compressed, and bring it to UTF-8 where it is UTF-16 or UTF-32."""
    head = stream.peek(6)
    unpack = next((unpack for magic, unpack in _PACKINGS if head.startswith(magic)), None)
    return in_utf8(io.BufferedReader(cast(io.RawIOBase, unpack(stream)), _BUFFER) if unpack else stream)


def _held(path: Path, members: Iterator[ArchiveMember]) -> Iterator[ArchiveMember]:
    """Pass the members on; there must be one."""
    count = 0
    for count, part in enumerate(members, 1):  # noqa: B007
        yield part
    if not count:
        raise InputError(path, "the archive holds no file named .xml, .nxml, .json or .jsonl")


def _tarred(stream: io.BufferedReader) -> Iterator[ArchiveMember]:
    """Yield the members of a tar."""
    watched = _Watched(stream)
    with tarfile.open(fileobj=cast(BinaryIO, watched), mode="r|") as archive:
        while (member := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]
            held = archive.extractfile(member) if member.isfile() and _DATA.search(member.name) else None
            if held is not None:
                yield ArchiveMember(member.name, _unpacked(io.BufferedReader(cast(io.RawIOBase, held), _BUFFER)))
        if not watched.ended_at(archive.offset):
            raise tarfile.ReadError("its end mark is missing")


class _Watched:
    """A stream that remembers its last bytes: `tarfile` takes a tar that is cut between members for a whole one."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream, self._read, self._tail = stream, 0, b""

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._read += len(data)
        self._tail = (self._tail + data)[-8 * tarfile.RECORDSIZE :]
        return data

    def ended_at(self, offset: int) -> bool:
        """Whether the block of zeros that ends a tar stands at an offset."""
        place = offset - (self._read - len(self._tail))
        return self._tail[place : place + _BLOCK] == bytes(_BLOCK)


def _zipped(path: Path, raw: io.BufferedReader) -> Iterator[ArchiveMember]:
    """Yield the members of a zip."""
    with zipfile.ZipFile(raw) as archive:
        for member in archive.infolist():
            if member.is_dir() or not _DATA.search(member.filename):
                continue
            if member.flag_bits & 1:
                raise InputError(path, f"{member.filename} is encrypted; unpack it first")
            with archive.open(member) as held:
                yield ArchiveMember(member.filename, _unpacked(io.BufferedReader(cast(io.RawIOBase, held), _BUFFER)))
