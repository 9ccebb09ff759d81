"""Weighing the evidence without a language model.

``derived`` prepares what a user's own literature says, ``features`` turns graph and literature into numbers for a
question,
``weigher`` applies the fitted model and explains itself, ``fit`` makes that model from pairs with a known answer.
"""

from __future__ import annotations

__all__: list[str] = []
