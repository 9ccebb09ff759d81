"""Texts in UTF-16 and UTF-32, read as UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from typing import cast

__all__ = ["in_utf8"]

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_UNMARKED = ((rb"[\x01-\x7f]\0[\x01-\x7f]\0", "utf-16-le"), (rb"\0[\x01-\x7f]\0[\x01-\x7f]", "utf-16-be"))
_PIECE = 1 << 16


def in_utf8(stream: io.BufferedReader) -> io.BufferedReader:
    """Return a stream of UTF-8 for one of UTF-16 or UTF-32, and any other as it is.

    Reading it raises UnicodeDecodeError where it is not what its beginning says.
    """
    head = stream.peek(4)[:4]
    told = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    told = told or next((name for form, name in _UNMARKED if re.match(form, head)), None)
    return io.BufferedReader(cast(io.RawIOBase, _Recoded(stream, told)), _PIECE) if told else stream


class _Recoded(io.RawIOBase):
    """A stream in another encoding, as UTF-8."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream, self._decoder = stream, codecs.getincrementaldecoder(encoding)()
        self._held, self._ended = b"", False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._held and not self._ended:
            piece = self._stream.read(_PIECE)
            self._ended = not piece
            self._held = self._decoder.decode(piece, final=self._ended).encode("utf-8", "surrogatepass")
        part, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
