"""`kedrec compare` and `kedrec recommend`."""

from __future__ import annotations

__all__ = ["compare", "recommend"]


def compare(disease: str) -> None:
    """Compare."""


def recommend(disease: str) -> None:
    """Recommend."""
