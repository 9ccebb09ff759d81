"""Chance that depends on a seed and on what is asked, and on nothing else: no order, no machine, no library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

__all__ = ["Chance"]


@dataclass(frozen=True)
class Chance:
    """Draws by hashes, so that each draw stands alone: what else is drawn, and when, changes nothing."""

    seed: int
    """Another seed, other draws."""

    def of(self, *key: str) -> float:
        """Return the number above 0 and at most 1 that belongs to a key."""
        return (int(self.name(*key, letters=16), 16) + 1) / 2**64

    def name(self, *key: str, letters: int = 12) -> str:
        """Return hexadecimal digits that belong to a key and tell nothing of it."""
        return hashlib.sha256("\t".join((str(self.seed), *key)).encode()).hexdigest()[:letters]
