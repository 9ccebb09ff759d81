"""Answers of servers on disk, each with the time at which it was given.

An answer is named by what was asked: address and fields, without whatever is secret or says who asks.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Answers", "CachedResponse", "name_of"]

DAY = 86400.0
_SWEPT = 30.0
"""Days after which an answer is deleted, where it is not used for longer."""


@dataclass(frozen=True)
class CachedResponse:
    """What a server said."""

    body: bytes
    """Its answer."""
    given: float
    """When, in seconds since 1970."""
    kept: bool
    """Whether it comes from the disk."""


class Answers:
    """The answers below a folder.

    Args:
        folder: Where they are; made when the first one is kept.
        days: For how long an answer is used again.
    """

    def __init__(self, folder: Path, days: float) -> None:
        self._folder, self._days = folder, days
        # Delete answers that are too old to use.
        oldest = time.time() - max(self._days, _SWEPT) * DAY
        for file in self._folder.glob("*.*"):
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)

    def find(self, name: str) -> CachedResponse | None:
        """Return a kept answer; None if there is none, or where it is too old or damaged."""
        try:
            with gzip.open(self._file(name), "rb") as held:
                head = json.loads(held.readline())
                body = held.read()
            given = float(head["given"])
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
            return None
        return CachedResponse(body, given, kept=True) if 0 <= time.time() - given < self._days * DAY else None

    def keep(self, name: str, asked: str, body: bytes) -> CachedResponse:
        """Keep an answer that was given now.

        Args:
            name: As `name_of` makes it.
            asked: What was asked, for whoever looks into the file.
            body: The answer.
        """
        answer = CachedResponse(body, time.time(), kept=False)
        head = json.dumps({"given": answer.given, "asked": asked}).encode() + b"\n"
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as draft:
            draft.write(gzip.compress(head + body, 6))
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).rename(self._file(name))
        return answer

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.gz"


def name_of(address: str, fields: Mapping[str, str]) -> str:
    """Name a request."""
    return hashlib.sha256(json.dumps([address, sorted(fields.items())]).encode()).hexdigest()[:32]
