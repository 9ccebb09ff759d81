"""Objects out of JSON files of any length, one at a time.

A file holds one object, several one after another, an array of them, or an object with them under one key.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from kedrec.tools.streams.xml_stream import CutOff

__all__ = ["values"]

_CHUNK = 1 << 20
_LARGEST = 256 << 20
"""Characters of the largest object that is taken for one."""
_LIST = r'\s*(?:\[|\{{(?:\s*"\w+"\s*:\s*(?:"[^"]*"|\d+)\s*,)*\s*"{key}"\s*:\s*\[)'
_BETWEEN = re.compile(r"[\s,]*")


def values(stream: io.BufferedReader, key: str) -> Iterator[Any]:
    """Yield the values that a file holds.

    Args:
        stream: The file, UTF-8.
        key: Under which the values stand where the file is one object that holds them all, before any other array.

    Raises:
        CutOff: the file is not JSON from here on, or ends too early.
    """
    window = _Window(stream)
    listed = window.enter(re.compile(_LIST.format(key=key)))
    while (value := window.value(listed)) is not _END:
        yield value


_END = object()


class _Window:
    """The part of a file that is held while its values are read."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream, self._decode = stream, codecs.getincrementaldecoder("utf-8-sig")().decode
        self._held, self._place, self._closing = "", 0, "]"

    def _more(self) -> bool:
        chunk = self._stream.read(max(_CHUNK, (len(self._held) - self._place) // 2))
        try:
            self._held = self._held[self._place :] + self._decode(chunk, not chunk)
        except UnicodeDecodeError:
            raise CutOff("it is not valid UTF-8") from None
        self._place = 0
        return bool(chunk)

    def enter(self, opening: re.Pattern[str]) -> bool:
        """Step into the list of values; say whether there is one."""
        self._more()
        found = opening.match(self._held)
        if found is None:
            return False
        self._place = found.end()
        self._closing = "}" if "{" in found[0] else "]"
        return True

    def value(self, listed: bool) -> Any:
        """Read the next value; `_END` behind the last."""
        while True:
            self._place = _BETWEEN.match(self._held, self._place).end()  # type: ignore[union-attr]
            if listed and self._held.startswith("]", self._place):
                # Behind the list must stand the end of the object that holds it, if one does.
                while self._more():
                    self._held = self._held[-_CHUNK:]
                if not self._held.rstrip().endswith(self._closing):
                    raise CutOff("cut off behind its list")
                return _END
            try:
                value, self._place = json.JSONDecoder().raw_decode(self._held, self._place)
            except (ValueError, RecursionError) as error:
                # The value may be held only in part: read more.
                if not (isinstance(error, ValueError) and len(self._held) - self._place < _LARGEST and self._more()):
                    return self._end(listed, error)
            else:
                return value

    def _end(self, listed: bool, error: Exception) -> Any:
        if listed or self._held[self._place :].strip():
            raise CutOff(f"not valid JSON, or cut off: {error}")
        return _END
