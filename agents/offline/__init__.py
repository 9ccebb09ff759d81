"""Weighing the evidence without a language model.

`literature_build` computes statistics of a user's own literature, which `literature_stats` reads; `features` turns
graph and literature into numbers for a question; `weigher` applies the fitted model and explains its scores
(`factor_texts`); `fit` fits that model to pairs with a known answer. `domain_answers` answers the domain questions by
quotes, `decision` chooses, and `rationale/` writes the reasons.
"""

from __future__ import annotations

__all__: list[str] = []
