"""Sentences with the names in question replaced by marks, so that rules can speak of `the drug` and `the other one`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kedrec.records import Entity
from kedrec.tools.text.longer_names import is_part_of_longer
from kedrec.tools.text.role_sentences import names_of

__all__ = ["DISEASE", "DRUG", "OTHER", "marked", "without_heading"]

DRUG, OTHER, DISEASE = "§D", "§O", "§X"
"""Stand for the drug in question, the drug that it is compared with, and the disease."""
_ESCAPED = re.compile(r"&#x[0-9a-f]+;", re.IGNORECASE)

_HEADING = re.compile(
    r"^[\W_]*(?:(?:Summary )?(?:BACKGROUND|INTRODUCTION|CONTEXT|RESULTS?|CONCLUSIONS?|FINDINGS|INTERPRETATION)\b"
    r"(?:[^:]{0,30}:| )\s*)?",
    re.IGNORECASE,
)
"""What an abstract calls a part of it, before its first sentence."""


def without_heading(sentence: str) -> str:
    """Return a sentence without the `RESULTS:` before it."""
    return _HEADING.sub("", sentence)


def marked(sentence: str, drug: Entity, disease: Entity | None = None, others: Sequence[Entity] = ()) -> str:
    """Return a sentence in lower case, one blank between words, with names replaced by their marks.

    Args:
        sentence: the sentence.
        drug: the drug in question.
        disease: the disease; None where it is not looked for.
        others: drugs that it is compared with.
    """
    text = " ".join(_ESCAPED.sub(" ", sentence).split())
    for mark, entities in ((DRUG, [drug]), (OTHER, others), (DISEASE, [disease] if disease else [])):
        for entity in entities:
            text = _replaced(text, names_of(entity), mark)
    return re.sub(r"§[dox]", lambda found: found[0].upper(), text.lower())


def _replaced(text: str, names: re.Pattern[str], mark: str) -> str:
    return names.sub(lambda hit: hit[0] if is_part_of_longer(text, *hit.span()) else mark, text)
