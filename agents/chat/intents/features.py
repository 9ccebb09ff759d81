"""What fitted weights read of a message: words, pairs and pieces of words in buckets, cues, and how many names."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter, defaultdict
from itertools import pairwise

from kedrec.agents.chat.intents.cues import CUES

__all__ = ["BUCKETS", "FEATURES", "features_of"]

BUCKETS = 4096
"""Buckets that features fall into by their checksum."""
FEATURES = BUCKETS + len(CUES) + 4
"""Buckets, cues in the order of their table, and four features of how many names there are."""
CUE = 0.5
"""Weight of a cue that is there, beside words and pieces of length 1; chosen by cross-validation."""
PIECES = range(2, 6)
"""Characters of a piece of a word."""
_ENDING = re.compile(r"(?:ing|ed|es|s|ly)$")
_WORD = re.compile(r"[\w']+|\?")


def features_of(wording: str, *, drugs: int, diseases: int) -> dict[int, float]:
    """Return the weight of each feature that is there; words and pieces have length 1 each.

    Args:
        wording: the message as `normal` gives it.
        drugs: how many drugs it names.
        diseases: how many diseases it names.
    """
    words = _WORD.findall(f"{wording} @D{min(drugs, 2)} @I{min(diseases, 1)}")
    stems = ["^", *(_ENDING.sub("", word) if len(word) > 4 else word for word in words), "$"]
    pairs = [f"{one} {other}" for one, other in pairwise(stems)]
    apart = [f"{one} _ {other}" for one, other in zip(stems, stems[2:], strict=False)]
    pieces = [f"#{piece}" for word in wording.split() for piece in _pieces(f" {word} ")]
    found = defaultdict[int, float](float)
    for group in ((*stems, *pairs, *apart), pieces):
        weighed = {feature: 1 + math.log(count) for feature, count in Counter(group).items()}
        length = math.sqrt(sum(weight * weight for weight in weighed.values())) or 1.0
        for feature, weight in weighed.items():
            found[zlib.crc32(feature.encode()) % BUCKETS] += weight / length
    told = (*(cue.search(wording) for cue in CUES.values()), drugs == 1, drugs > 1, diseases > 0, diseases > 1)
    return {**found, **{BUCKETS + place: CUE for place, there in enumerate(told) if there}}


def _pieces(word: str) -> list[str]:
    return [word[at : at + size] for size in PIECES for at in range(len(word) - size + 1)]
