"""Long texts out of a row, and back in: what many rows share is held once.

A text is taken apart into lines, so that a passage is one shared text whether it stands in a tool's result, in a
message or in the evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

__all__ = ["DIGEST", "digest", "pack", "unpack"]

DIGEST = 10
"""Bytes of a text's hash."""
SHORTEST = 48
"""Characters from which on a line is held apart."""
_TEXT, _QUOTED = "$", "$$"


def digest(text: str) -> bytes:
    """Hash by which a shared text is known."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()


def pack(value: Any, intern: Callable[[str], int]) -> Any:
    """Plain data with each long line replaced by a number.

    Args:
        value: JSON-like data.
        intern: gives a long line its number.
    """
    if isinstance(value, str):
        return value if len(value) < SHORTEST else _pack_text(value, intern)
    if isinstance(value, (list, tuple)):
        return [pack(item, intern) for item in value]
    if isinstance(value, dict):
        packed = {key: pack(item, intern) for key, item in value.items()}
        return {_QUOTED: packed} if _TEXT in packed or _QUOTED in packed else packed
    return value


def unpack(value: Any, text_of: Callable[[int], str]) -> Any:
    """The inverse of `pack`."""
    if isinstance(value, list):
        return [unpack(item, text_of) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and _TEXT in value:
        return "\n".join(part if isinstance(part, str) else text_of(part) for part in value[_TEXT])
    inner = value[_QUOTED] if len(value) == 1 and _QUOTED in value else value
    return {key: unpack(item, text_of) for key, item in inner.items()}


def _pack_text(text: str, intern: Callable[[str], int]) -> Any:
    lines = text.split("\n")
    return {_TEXT: [line if len(line) < SHORTEST else intern(line) for line in lines]}
