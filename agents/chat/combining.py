"""Combinations of drugs in a sentence: one candidate each, `a/b`, `a plus b` or `co-…`, and never rivals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kedrec.agents.chat.entity_finder import NameInText, Token, common_words, find_names, overlaps, tokens
from kedrec.agents.chat.salts import SHORTEST, looked_up, with_salts
from kedrec.graphdb.names.kinship import KIN, named_parts
from kedrec.graphdb.store import GraphStore
from kedrec.records import Match

__all__ = ["names_in", "unknown_names", "with_combinations"]

_JOINT = r"\s*(?:/|\+|\bplus\b|\b(?:in )?combin(?:ed|ation) with\b|\btogether with\b)\s*"
_BETWEEN = re.compile(_JOINT, re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|with|&)\s+", re.IGNORECASE)
_SAID_BEFORE = re.compile(r"\bcombin(?:ation|ing)(?: therapy| treatment)?(?: of| with)? (?:the )?$", re.IGNORECASE)
_SAID_BEHIND = re.compile(r"\s*,?\s*(?:in |as a |given )?(?:combin(?:ation|ed)|together)\b(?! with)", re.IGNORECASE)


def names_in(text: str, store: GraphStore) -> list[NameInText]:
    """Find the drugs and diseases that a sentence names, each salt and each combination as one drug.

    Args:
        text: the sentence.
        store: the graph.

    Returns:
        In the order of the sentence; a salt or combination that the graph lacks has the match `none`.
    """
    return with_combinations(text, store, with_salts(text, store, find_names(text, store)))


def with_combinations(text: str, store: GraphStore, found: Sequence[NameInText]) -> list[NameInText]:
    """Return the names of a sentence with each combination in place of its parts.

    Args:
        text: the sentence.
        store: the graph.
        found: names found in it.

    Returns:
        In the order of the sentence; a combination that the graph lacks has the match `none` and suggests its parts.
    """
    made = [*_joined(text, store, found), *_in_one_word(text, store, found)]
    kept = [named for named in found if not overlaps([Token(named.start, named.end, "")], made)]
    return sorted([*kept, *made], key=lambda named: named.start)


def unknown_names(found: Sequence[NameInText]) -> list[Match]:
    """Return the combinations and salts among names that the graph does not have."""
    return [named.match for named in found if named.match.match == "none"]


def _joined(text: str, store: GraphStore, found: Sequence[NameInText]) -> Iterator[NameInText]:
    """Yield what stands joined by a sign or word: known drugs, and words that nobody knows beside them."""
    drugs = [named for named in found if named.kind == "Compound"]
    spans = sorted([*((one.start, one.end) for one in drugs), *_unknown_beside(text, found, drugs)])
    chain: list[tuple[int, int]] = []
    for span in spans:
        if chain and not _are_joined(text, chain[-1], span):
            yield from _made(text, store, chain)
            chain = []
        chain.append(span)
    yield from _made(text, store, chain)


def _made(text: str, store: GraphStore, chain: Sequence[tuple[int, int]]) -> Iterator[NameInText]:
    if len(chain) > 1:
        start, end = chain[0][0], chain[-1][1]
        name = "/".join(text[first:last] for first, last in chain)
        yield NameInText(start, end, "Compound", looked_up(name, text[start:end], store))


def _are_joined(text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
    between = text[one[1] : other[0]]
    if _BETWEEN.fullmatch(between):
        return True
    said = _SAID_BEFORE.search(text[: one[0]]) or _SAID_BEHIND.match(text, other[1])
    return bool(_AND.fullmatch(between) and said)


def _unknown_beside(text: str, found: Sequence[NameInText], drugs: Sequence[NameInText]) -> Iterator[tuple[int, int]]:
    """Yield where an unknown word is joined to a known drug."""
    for word in tokens(text):
        plain = word.text.lower()
        if len(plain) < SHORTEST or plain in common_words() or overlaps([word], found):
            continue
        span = (word.start, word.end)
        if any(_touch(text, span, (drug.start, drug.end)) for drug in drugs):
            yield span


def _touch(text: str, word: tuple[int, int], drug: tuple[int, int]) -> bool:
    first, last = sorted((word, drug))
    return _BETWEEN.fullmatch(text[first[1] : last[0]]) is not None


def _in_one_word(text: str, store: GraphStore, found: Sequence[NameInText]) -> Iterator[NameInText]:
    """Yield the words that are several drugs: `amoxicillin-clavulanate`, `abacavir+lamivudine`, `co-codamol`."""
    for word in tokens(text):
        parts = named_parts(word.text)
        if parts and not overlaps([word], found) and all(_is_drug(part, store) for part in parts):
            yield NameInText(word.start, word.end, "Compound", looked_up("/".join(parts), word.text, store))


def _is_drug(name: str, store: GraphStore) -> bool:
    match = store.search(name, kinds=("Compound",), limit=1)
    return match.match != "none" or any(one.score == KIN for one in match.alternatives)
