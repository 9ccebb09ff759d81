"""Whom a sentence is about: people, animals and cells, or only those whom a trial takes."""

from __future__ import annotations

import re

__all__ = ["in_animals", "names_whom"]

_ANIMALS = re.compile(
    r"\b(?:in vitro|ex vivo|mice|mouse|murine|rats?|rodents?|cats?|dogs?|canine|feline|rabbits?|guinea pigs?"
    r"|hamsters?|gerbils?|piglets?|monkeys?|macaques?|marmosets?|zebrafish|drosophila|horses?|sheep|calves|animals?"
    r"|cell lines?|cell cultures?|cellular assays?)\b",
    re.IGNORECASE,
)
_WHOM = re.compile(
    r"^(?:patients|subjects|participants|individuals|persons|those) (?:requiring|taking|receiving|using|on|with"
    r"|treated)\b(?!.*\b(?:is|are|was|were|has|had|have|did|do|may|can|could|should|developed|experienced|showed"
    r"|reported|died)\b)",
    re.IGNORECASE,
)
"""No verb says what befell them."""


def in_animals(sentence: str) -> bool:
    """Return whether a sentence tells what was seen in animals or cells."""
    return _ANIMALS.search(sentence) is not None


def names_whom(sentence: str) -> bool:
    """Return whether a sentence only says whom a trial takes or leaves out: `Patients requiring verapamil.`"""
    return _WHOM.match(sentence) is not None
