"""Salts in a sentence: a drug with the word for its salt is one candidate, and never the drug without it in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kedrec.agents.chat.entity_finder import NameInText, Token, common_words, overlaps, tokens
from kedrec.graphdb.names.kinship import KIN, is_metal, is_salt
from kedrec.graphdb.names.other_names import by_other_name
from kedrec.graphdb.store import GraphStore
from kedrec.records import Match

__all__ = ["SHORTEST", "looked_up", "with_salts"]

SHORTEST = 4
"""Letters of an unknown word that may be a drug beside another or beside the word for its salt."""


def with_salts(text: str, store: GraphStore, found: Sequence[NameInText]) -> list[NameInText]:
    """Return the names of a sentence with each salt in place of its drug and the words beside it.

    Args:
        text: the sentence.
        store: the graph.
        found: names found in it.

    Returns:
        In the order of the sentence; a salt that the graph lacks has the match `none` and suggests its drug.
    """
    words, salts = tokens(text), list[NameInText]()
    drugs = [Token(one.start, one.end, one.match.query) for one in found if one.kind == "Compound"]
    for drug in [*drugs, *_unknown(words, found)]:
        if not overlaps([drug], salts):
            salts += _salt(text, store, drug, words, known=drug in drugs)
    kept = [named for named in found if not overlaps([Token(named.start, named.end, "")], salts)]
    return sorted([*kept, *salts], key=lambda named: named.start)


def looked_up(name: str, written: str, store: GraphStore) -> Match:
    """Return the one drug that a whole name is, under this or another documented name, or its relatives as suggestions.

    Args:
        name: the name to look up.
        written: how the sentence has it.
        store: the graph.
    """
    match = store.search(name, kinds=("Compound",), limit=5)
    if match.match != "none":
        return match
    if same := by_other_name(name, store, "Compound"):
        return same.model_copy(update={"query": written})
    near = tuple(one for one in match.alternatives if one.score == KIN)
    return match.model_copy(update={"query": written, "alternatives": near})


def _unknown(words: Sequence[Token], found: Sequence[NameInText]) -> Iterator[Token]:
    """Yield the words that may be a drug unknown by this name: `valproate` of `sodium valproate`."""
    for word in words:
        plain = word.text.lower()
        if (
            len(plain) >= SHORTEST
            and plain not in common_words()
            and not is_salt(plain)
            and not overlaps([word], found)
        ):
            yield word


def _salt(text: str, store: GraphStore, drug: Token, words: Sequence[Token], *, known: bool) -> Iterator[NameInText]:
    """Yield the drug with its salt, where words of salts stand beside it and the graph knows it or a relative."""
    start, end = drug.start, drug.end
    for word in words:
        if is_salt(word.text) and word.start >= end and text[end : word.start].isspace():
            end = word.end
    for word in reversed(words):
        if is_metal(word.text) and word.end <= start and text[word.end : start].isspace():
            start = word.start
    if (start, end) != (drug.start, drug.end):
        match = looked_up(text[start:end], text[start:end], store)
        if known or match.alternatives:
            yield NameInText(start, end, "Compound", match)
