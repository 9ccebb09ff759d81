"""Lines of a vocabulary's file as it is published: plain, gzipped or the only file of a zip archive."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from kedrec.errors import InputError
from kedrec.magic_bytes import GZIP, WEB_PAGE, ZIP

__all__ = ["Term", "first_line", "lines_of", "opened"]

LONGEST_LINE = 4 << 20
"""Bytes; a longer line is no line of any of these files."""


@dataclass(frozen=True, slots=True)
class Term:
    """What a vocabulary says of one of its ids."""

    id: str
    """The vocabulary's own id, as DRKG writes it behind the kind: `DB00107`, `MESH:D003424`."""
    name: str
    """Preferred name."""
    synonyms: tuple[str, ...] = ()
    """Other names of the very same thing; names of narrower or related things are left out."""
    other_ids: tuple[str, ...] = ()
    """Former ids of the same thing."""


def lines_of(path: Path, what: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of every line, without its end.

    Args:
        path: the file.
        what: what it should be, for the messages: `MeSH descriptors`.

    Raises:
        InputError: it is missing, damaged, cut off, a web page, no UTF-8, or has a line longer than any such file has.
    """
    with opened(path, what) as stream:
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), b""), 1):
            if len(line) == LONGEST_LINE:
                raise InputError(path, f"a line of over {LONGEST_LINE:,} bytes; this is no file of {what}", number)
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise InputError(path, "not valid UTF-8; fetch it again or convert it first", number) from None
            if number == 1 and text.lstrip().lower().encode().startswith(WEB_PAGE):
                raise InputError(path, "is a web page, not the file itself; fetch it again", number)
            yield number, text


def first_line(path: Path, what: str) -> str:
    """Return the first line that is not blank, without spaces around it; empty if there is none.

    Raises:
        InputError: see `lines_of`.
    """
    return next((line.strip() for _, line in lines_of(path, what) if line.strip()), "")


@contextmanager
def opened(path: Path, what: str) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, unpacked where it is gzipped or zipped.

    Raises:
        InputError: it is missing or damaged, also where that shows only while it is read.
    """
    try:
        with _stream(path, what) as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InputError(path, f"the packed data is damaged or cut off ({error}); fetch it again") from None
    except OSError as error:
        raise InputError(path, f"cannot be read as {what}: {error.strerror or error}") from None


@contextmanager
def _stream(path: Path, what: str) -> Iterator[BinaryIO]:
    with path.open("rb") as plain:
        start = plain.read(4)
        plain.seek(0)
        if start.startswith(GZIP):
            with gzip.GzipFile(fileobj=plain) as unpacked:
                yield cast(BinaryIO, unpacked)
        elif start == ZIP:
            with zipfile.ZipFile(plain) as archive, archive.open(_only_member(path, archive, what)) as member:
                yield cast(BinaryIO, member)
        else:
            yield plain


def _only_member(path: Path, archive: zipfile.ZipFile, what: str) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
    if len(names) != 1:
        raise InputError(path, f"the archive holds {len(names)} files where the one of {what} belongs; unpack it")
    return names[0]
