"""A mapping that forgets what is old, so that memory stays flat however long a run is."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["TwoGenerationCache"]

K = TypeVar("K")
V = TypeVar("V")


class TwoGenerationCache(Generic[K, V]):
    """The latest entries: at least so many, and no more than twice as many.

    Two plain dictionaries take turns, which needs half the memory of one that knows the order of all its entries.

    Args:
        least: how many are remembered at least.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self._newer: dict[K, V] = {}
        self._older: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value of a key, where it is remembered."""
        found = self._newer.get(key)
        return self._older.get(key) if found is None else found

    def __setitem__(self, key: K, value: V) -> None:
        self._newer[key] = value
        if len(self._newer) >= self._least:
            self._older, self._newer = self._newer, {}

    def clear(self) -> None:
        """Forget everything."""
        self._newer, self._older = {}, {}
