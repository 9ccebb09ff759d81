"""Text from outside: made whole where it arrives (half a surrogate pair cannot be written), cut where it is shown."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["has_halves", "mended", "shortened"]

_HALF = re.compile("[\ud800-\udfff]")


def has_halves(text: str) -> bool:
    """Whether a text holds halves of surrogate pairs."""
    return not text.isascii() and _HALF.search(text) is not None


def mended(value: Any) -> Any:
    """JSON-like data in which two halves that belong together are one character and each other half is U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if has_halves(value) else value
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mended(item) for item in value]
    return value


def shortened(text: str, longest: int) -> str:
    """A text as it is, or cut at a word with `…` behind it where it has more characters than `longest`."""
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0] + " …"
