"""Why the chosen drug was chosen, in plain words: the strongest clinical or mechanistic finding that was cited."""

from __future__ import annotations

__all__: list[str] = []
