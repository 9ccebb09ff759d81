"""How a verdict reads wherever it is shown: how sure it is, which way it leans, and that there is none."""

from __future__ import annotations

__all__ = ["CANNOT_TELL", "NO_CHOICE", "no_choice", "probability_text"]

CANNOT_TELL = "Cannot tell"
"""Said where the evidence leans to a drug without carrying it."""
NO_CHOICE = "No choice"
"""Said where it does not lean to any."""


def probability_text(value: float) -> str:
    """A probability for people: never as certain as rounding would make it."""
    return ">0.99" if value > 0.99 else "<0.01" if value < 0.01 else f"{value:.2f}"


def no_choice(leaning: str | None, reason: str | None) -> str:
    """Why there is no choice, in words; which way the evidence leans stands in the reason.

    Args:
        leaning: what the evidence leans to, id or name.
        reason: why nothing was chosen.
    """
    return f"{CANNOT_TELL if leaning else NO_CHOICE}: {reason}"
