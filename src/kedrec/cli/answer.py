"""`kedrec ask` and `kedrec chat`: questions in plain words."""

from __future__ import annotations

__all__ = ["ask", "chat"]


def ask(question: str) -> None:
    """Ask."""


def chat() -> None:
    """Chat."""
