"""Text from outside, made whole where it arrives: half a surrogate pair is no character and cannot be written."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["has_halves", "mended"]

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
