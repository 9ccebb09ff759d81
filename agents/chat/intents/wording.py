"""The wording of a message without its names: drugs and diseases masked, short forms spelled out, slips mended."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["NamedSpan", "is_cue", "normal"]

NamedSpan = tuple[int, int, str]
"""Offset of a name's first character, behind its last, and its kind: `Compound` or `Disease`."""

_MASKS = {"Compound": " DRUG ", "Disease": " ILL "}
"""Kind of a name -> what stands for it; a name that repeats another is left out."""
_SHORT: tuple[tuple[str, str], ...] = (
    (r"[’`]", "'"), (r"(?:->|→|=>)", " causing "), (r"\b(what|who|how|where|when|that|it|there)'?s\b", r"\1 is"),
    (r"\bcan'?t\b|\bcannot\b", "can not"), (r"\bwon'?t\b", "will not"), (r"(?<=[a-z])n't\b", " not"),
    (r"\b(do|does|is|did|should|must|would|could)nt\b", r"\1 not"), (r"\bi'?m\b", "i am"), (r"\bi'd\b", "i would"),
    (r"\bi've\b", "i have"), (r"'ll\b", " will"), (r"'re\b", " are"), (r"'d\b", " would"),
    (r"\bm\.?o\.?a\.?\b", "mechanism of action"), (r"\b(?:aes?|adrs?)\b", "adverse effects"),
    (r"\bddis?\b", "interactions"), (r"\bc/i\b", "contraindicated"), (r"\b(?:rx|tx|ttt)\b", "treatment"),
    (r"\bmeds?\b", "medicines"), (r"\b(?:pls|plz)\b", "please"), (r"\b(?:thx|tnx|thanx|ty)\b", "thanks"),
    (r"\bpreg\b", "pregnancy"), (r"\b(?:vs|v)\b\.?", "versus"), (r"\bw/o\b", "without"), (r"\bw/", "with "),
    (r"\bu\b", "you"), (r"\br\b", "are"), (r"\b1st\b", "first"), (r"\b2nd\b", "second"),
    (r"(?<=\w)[-‑–](?=\w)", " "), (r"\bkids?\b", "children"), (r"\bpts?\b", "patients"),
)  # fmt: skip
_CUES = frozenset(
    re.findall(
        r"\S+",
        """
    about adverse against agent alternative alternatives approved approval better between caused causes causing cheaper
    choice choose children combination compare compared comparison contraindicated contraindication contraindications
    cost danger dangerous difference dosage doses effect effective effectiveness effects efficacy elderly evidence
    explain exactly failure harmful harms help helps indicated indication indications inhibit instead interact
    interaction interactions kidney label literature mechanism mechanisms medication medications medicine medicines
    options pathway pathways patients pharmacology please pregnancy pregnant prescribed problem problems receptor
    recommend recommended research responsible risks safest safety should side studies study superior support switch
    target targets thanks tolerability tolerated toxic toxicity treated treatment treatments trial trials trigger
    usefulness versus warning warnings which without works worsen worsens
""",
    )
)
"""Words that tell what is wanted, and which are mended where they are misspelled by a letter or two."""


def normal(text: str, names: Iterable[NamedSpan] = ()) -> str:
    """Return a message in lower case with `DRUG` and `ILL` for its names, short forms spelled out and slips mended.

    Args:
        text: the message.
        names: where drugs and diseases stand in it.
    """
    masked = text
    for start, end, kind in sorted(names, reverse=True):
        masked = f"{masked[:start]}{_MASKS.get(kind, ' ')}{masked[end:]}"
    parts = re.split(r"( DRUG | ILL )", masked)
    made = "".join(part if part in _MASKS.values() else _spelled_out(part.lower()) for part in parts)
    return re.sub(r"\s+", " ", re.sub(r"(?:(?<= DRUG)|(?<= ILL)) 's\b|\b's\b", "", made)).strip()


def _spelled_out(text: str) -> str:
    for short, whole in _SHORT:
        text = re.sub(short, whole, text)
    return re.sub(r"[a-z]{6,}", lambda word: mended(word.group()), text)


def is_cue(word: str) -> bool:
    """Whether a word, as it is or mended, is one of those that tell what is wanted."""
    from kedrec.agents.chat.intents.cues import CUES

    lower = word.lower()
    return mended(lower) in _CUES or any(CUES[name].fullmatch(lower) for name in ("harm", "patients", "harms"))


@lru_cache(maxsize=4096)
def mended(word: str) -> str:
    """Return the word of a question that a misspelled one is; any other as it is."""
    from rapidfuzz.distance import OSA

    if word in _CUES or len(word) < 6 or word in _common():
        return word
    slips = 1 if len(word) < 9 else 2
    near = [(OSA.distance(word, cue, score_cutoff=slips), cue) for cue in sorted(_CUES) if len(cue) > 4]
    best = min(near)
    return best[1] if best[0] <= slips and best[1][0] == word[0] else word


def _common() -> frozenset[str]:
    from kedrec.agents.chat.entity_finder import common_words

    return common_words()
