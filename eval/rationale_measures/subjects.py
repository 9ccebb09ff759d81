"""Which drugs a sentence of a rationale is about."""

from __future__ import annotations

from kedrec.records import Recommendation, Sentence
from kedrec.tools.literature_tools import mentions

__all__ = ["named_drugs", "subject_of"]


def named_drugs(text: str, made: Recommendation) -> tuple[str, ...]:
    """Ids of the candidates that a text names."""
    return tuple(drug.id for drug in made.candidates if mentions(text, drug))


def subject_of(sentence: Sentence, made: Recommendation) -> str | None:
    """Id of the one candidate that a sentence is about: that it names, or else that its evidence is about.

    None where it is about several or none.
    """
    named = named_drugs(sentence.text, made)
    if not named:
        cited = {about for key in sentence.citations if key in made.evidence for about in made.evidence[key].about}
        named = tuple(drug.id for drug in made.candidates if drug.id in cited)
    return named[0] if len(named) == 1 else None
