"""Reads tab-separated files strictly: every fault is reported with its line before anything else sees the text."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kedrec.errors import InputError
from kedrec.magic_bytes import GZIP

__all__ = ["TsvTable", "read_table"]

FORMS = (
    (b"PK\x03\x04", 0, "a zip archive"), (b"PK\x05\x06", 0, "an empty zip archive"), (b"BZh", 0, "packed by bzip2"),
    (b"\xfd7zXZ\x00", 0, "packed by xz"), (b"7z\xbc\xaf\x27\x1c", 0, "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", 0, "packed by zstd"), (b"PAR1", 0, "a Parquet file"), (b"ustar", 257, "a tar archive"),
    (GZIP, 0, "gzipped twice"),
)  # fmt: skip
"""How a file of another form shows: these bytes at this place."""
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
TAB, LF, CR, DELETE = b"\t\n\r\x7f"
CHUNK = 1 << 22
NOT_SEPARATORS = bytes(code for code in range(256) if code not in b"\t\n")
C1_CONTROL = re.compile("[\x80-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class TsvTable:
    """The checked text of a tab-separated file."""

    path: Path
    """Where it was read from."""
    content: bytes
    """UTF-8, lines ended by a line feed, every line with the right number of columns."""
    lines: int
    """Number of lines."""
    sha256: str
    """Hash of the file as it is on disk."""


def read_table(path: Path, columns: int, what: str) -> TsvTable:
    """Read a file and check all that can be checked without knowing what the columns mean.

    Args:
        path: plain or gzipped file; a byte order mark and CRLF line ends are accepted.
        columns: number of columns that each line must have.
        what: the columns in words, for the messages.

    Raises:
        InputError: the file is missing, empty, cut off, no text or gzipped text in UTF-8, a web page, or a line does
            not fit.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(path, "there is no such file") from None
    except IsADirectoryError:
        raise InputError(path, "is a folder; name the files in it") from None
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None
    content = _unpack(path, raw).removeprefix(b"\xef\xbb\xbf")
    start = content[:4096].strip()
    if not start and not content.strip():
        raise InputError(path, f"the file is empty; expected lines of {what}")
    if start.startswith(b"<"):
        raise InputError(path, f"looks like a web page, not like lines of {what}; fetch it again", 1)
    _check_characters(path, content)
    content = _end_lines(path, content)
    _check_columns(path, content, columns, what)
    return TsvTable(path, content, content.count(b"\n"), hashlib.sha256(raw).hexdigest())


def _unpack(path: Path, raw: bytes) -> bytes:
    """Return what a file holds; what is neither text nor gzip is named for what it is."""
    if raw.startswith(GZIP):
        try:
            raw = gzip.decompress(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(path, f"the gzip data is damaged or cut off ({error}); fetch it again") from None
    elif path.suffix == ".gz" and raw:
        raise InputError(path, "is named .gz but is not gzipped; rename it or fetch it again")
    if named := _other_form(raw):
        raise InputError(path, named)
    return raw


def _other_form(content: bytes) -> str:
    """Return what a file is that is not text in UTF-8, and what to do about it; empty where nothing shows."""
    for start, place, form in FORMS:
        if content.startswith(start, place):
            return f"is {form}; unpack it, then name the file of triples or names in it"
    if (
        content.startswith(UTF_16_MARKS)
        or (content[1:2] == b"\0" != content[:1])
        or content[:1] == b"\0" != content[1:2]
    ):
        return "is text in UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE > NEW"
    return ""


def _check_characters(path: Path, content: bytes) -> None:
    if (offset := _first_control(content)) is not None:
        raise InputError(path, f"control character 0x{content[offset]:02x}; remove it", _line_of(content, offset))
    if content.isascii():
        return
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(path, "not valid UTF-8; convert the file first", _line_of(content, error.start)) from None
    if place_in_text := C1_CONTROL.search(text):
        line = text.count("\n", 0, place_in_text.start()) + 1
        raise InputError(path, f"control character U+{ord(place_in_text[0]):04X}; remove it", line)


def _first_control(content: bytes) -> int | None:
    """Return where the first control character stands, tabs and line ends left out."""
    for start in range(0, len(content), CHUNK):
        codes = np.frombuffer(content, np.uint8, min(CHUNK, len(content) - start), start)
        control = (codes < 32) & (codes != TAB) & (codes != LF) & (codes != CR) | (codes == DELETE)
        if control.any():
            return start + int(control.argmax())
    return None


def _end_lines(path: Path, content: bytes) -> bytes:
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
        if content.endswith(b"\r"):
            content = content[:-1] + b"\n"
        if (offset := content.find(b"\r")) >= 0:
            raise InputError(
                path, "carriage return within a line; end lines with LF or CRLF", _line_of(content, offset)
            )
    return content if content.endswith(b"\n") else content + b"\n"


def _check_columns(path: Path, content: bytes, columns: int, what: str) -> None:
    separators = content.translate(None, NOT_SEPARATORS)
    right = b"\t" * (columns - 1)
    if separators == (right + b"\n") * content.count(b"\n"):
        return
    for number, found in enumerate(separators.split(b"\n"), 1):
        if found != right:
            width = len(found) + 1
            line = content.split(b"\n", number)[number - 1].decode("utf-8")
            if not line.strip():
                problem = f"blank line; expected {what}"
            else:
                hint = "; columns must be separated by tabs, not spaces" if width == 1 and " " in line else ""
                problem = f"{width} column{'s' if width > 1 else ''} where {columns} belong: {what}{hint}"
            raise InputError(path, problem, number)


def _line_of(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1
