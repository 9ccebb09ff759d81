"""Which evidence fits into one message: shared fairly between drugs, sources, and what speaks for and against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from kedrec.tools.text.sentence_cues import cue_of

__all__ = ["tokens_of", "within"]

CHARACTERS_OF_A_TOKEN = 4
"""As a rule of thumb for English; no tokenizer is asked, as the same evidence is shown to every model."""
_FENCES = 40
"""Characters around a piece of evidence."""

Entries = Mapping[str, Mapping[str, Any]]


def tokens_of(text: str) -> int:
    """Return about how many tokens a text has."""
    return -(-len(text) // CHARACTERS_OF_A_TOKEN)


def within(
    tokens: int,
    evidence: Entries,
    drugs: Sequence[str],
    first: Collection[str] = (),
    foremost: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the evidence that fits: what is cited first, then in turns; at least one piece where there is any.

    Args:
        tokens: what one message may hold, fences included.
        evidence: everything, by key.
        drugs: ids of the candidates.
        first: keys that come before all others.
        foremost: keys that come before these, in their order.
    """
    room, kept = tokens * CHARACTERS_OF_A_TOKEN, dict[str, Any]()
    for key in dict.fromkeys((*foremost, *_in_turns(evidence, drugs, first))):
        size = len(evidence[key]["text"]) + _FENCES
        if size <= room or not kept:
            kept[key] = evidence[key]
            room -= size
    return {key: kept[key] for key in evidence if key in kept}


def _in_turns(evidence: Entries, drugs: Sequence[str], first: Collection[str]) -> Iterable[str]:
    """Keys, one of each drug, source and stance after the other; those that come first before all others."""
    groups: defaultdict[tuple[bool, str, bool, str], list[str]] = defaultdict(list)
    for key, entry in evidence.items():
        against = key[0] != "K" and cue_of(entry["text"]) in ("against", "harm")
        for drug in [one for one in drugs if one in entry["about"]] or [""]:
            groups[key not in first, key[0], against, drug].append(key)
    tiers = ([keys for group, keys in groups.items() if group[0] == later] for later in (False, True))
    turns = (chain.from_iterable(zip_longest(*tier)) for tier in tiers)
    return dict.fromkeys(key for key in chain.from_iterable(turns) if key is not None)
