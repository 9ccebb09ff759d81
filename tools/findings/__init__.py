"""What single sentences of articles and trials found: of a drug in a disease, of two drugs, of an outcome of a trial.

By rules, without a language model: a sentence says what it says of this drug, not what words of praise stand in it.
"""

from __future__ import annotations

__all__: list[str] = []
