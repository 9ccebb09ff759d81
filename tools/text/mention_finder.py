"""Finding drugs and diseases in text by their names.

Names come as people file them (``Arthritis, Rheumatoid``, ``renal disease (disorder)``, ``ALL``) and stand in text as
people
write (``rheumatoid arthritis``, ``kidney diseases``, ``RA``). The alias dictionary holds the ways in which each name
may be
written; finding is leftmost-longest, so that "type 2 diabetes" is not also "diabetes"; short names and names that are
ordinary
words count only where the case shows that a name is meant; part of a longer name, as in `histamine receptor`, is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kedrec.tools.text.naming import are_parts_of_longer
from kedrec.tools.text.surface_forms import claims
from kedrec.tools.text.tokens import TOKEN, TokenStream, is_shout

__all__ = ["Mention", "MentionFinder", "MentionTable"]


@dataclass(frozen=True)
class Mention:
    """One place in a text where a name stands."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset after its last character."""
    surface: str
    """The text between."""
    ids: tuple[str, ...]
    """The entities it may mean; more than one when the name is shared."""
    kind: str
    """``Compound`` or ``Disease``."""


@dataclass(frozen=True)
class MentionTable:
    """Mentions in a token stream, sorted by place; one row for each alias found."""

    first: NDArray[np.int64]
    """Index of the first token, shape (mentions,)."""
    length: NDArray[np.int32]
    """Number of tokens, shape (mentions,)."""
    alias: NDArray[np.int32]
    """Index of the alias, shape (mentions,)."""


class MentionFinder:
    """The alias dictionary of a graph's drugs and diseases.

    Args:
        names: ``(id, name, synonyms)`` of the entities; the kind is what stands before ``::`` in the id, and only
            compounds
            and diseases are taken.
    """

    def __init__(self, names: Iterable[tuple[str, str, Sequence[str]]]) -> None:
        self.ids: list[str] = []
        """Entities known, in the order given."""
        self.owners: list[tuple[int, ...]] = []
        """Entities (indices into ``ids``) that each alias may mean."""
        self.kinds: list[str] = []
        """Kind of each alias."""
        self.wary: list[bool] = []
        """Whether an alias counts only in capitals."""
        self._words: dict[str, int] = {}
        self._steps: dict[tuple[int, int], int] = {}
        self._ends: dict[int, int] = {}
        for phrase, (kind, owners, wary) in sorted(claims(names, self.ids).items()):
            state = 0
            for word in phrase:
                step = (state, self._words.setdefault(word, len(self._words) + 1))
                state = self._steps.setdefault(step, len(self._steps) + 1)
            self._ends[state] = len(self.owners)
            self.owners.append(owners)
            self.kinds.append(kind)
            self.wary.append(wary)
        self._freeze()

    def _freeze(self) -> None:
        """Lay the trie out as sorted arrays, so that a whole stream can be stepped at once."""
        keys = np.array([state * (1 << 32) + word for state, word in self._steps], dtype=np.int64)
        order = np.argsort(keys)
        self._keys = keys[order]
        self._next = np.array(list(self._steps.values()), dtype=np.int64)[order]
        self._final = np.full(len(self._steps) + 1, -1, dtype=np.int32)
        for state, alias in self._ends.items():
            self._final[state] = alias
        self._wary = np.array(self.wary, dtype=bool)
        self._drug = np.array([kind == "Compound" for kind in self.kinds], dtype=bool)

    def find(self, text: str) -> list[Mention]:
        """Find the drugs and diseases named in a short text, such as a user's question.

        Args:
            text: Any text.

        Returns:
            Mentions in order; where names overlap, the one that starts first, and of those the longest.
        """
        spans = [match.span() for match in TOKEN.finditer(text)]
        words = [text[start:end] for start, end in spans]
        stream = TokenStream(words, np.arange(len(words), dtype=np.int32), np.array([0, len(words)], np.int64))
        table = self.scan(stream)
        return [self._mention(text, spans, *row) for row in zip(table.first, table.length, table.alias, strict=True)]

    def _mention(self, text: str, spans: list[tuple[int, int]], first: int, length: int, alias: int) -> Mention:
        start, end = spans[first][0], spans[first + length - 1][1]
        ids = tuple(self.ids[owner] for owner in self.owners[alias])
        return Mention(start, end, text[start:end], ids, self.kinds[alias])

    def scan(self, stream: TokenStream, abbreviations: bool = True) -> MentionTable:
        """Find all mentions in a stream of texts.

        Args:
            stream: The texts' tokens.
            abbreviations: Whether to follow abbreviations that a text introduces itself ("rheumatoid arthritis (RA)").

        Returns:
            The mentions that stand, sorted by place.
        """
        first, length, alias = self._matches(stream)
        # Choose the matches that stand when those overlapping an earlier or longer one are dropped.
        kept: list[int] = []
        free = 0
        for row, (start, size) in enumerate(zip(first.tolist(), length.tolist(), strict=True)):
            if start >= free:
                kept.append(row)
                free = start + size
        keep = np.asarray(kept, dtype=np.int64)
        drug = self._drug[alias[keep]]
        keep = keep[~are_parts_of_longer(stream, first[keep], length[keep], drug)]
        table = MentionTable(first[keep], length[keep], alias[keep])
        return _with_abbreviations(stream, table) if abbreviations else table

    def _matches(self, stream: TokenStream) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """Return every alias that stands anywhere, overlaps included, by place and longest first."""
        tokens = np.array([self._words.get(word, 0) for word in stream.folded()], dtype=np.int64)[stream.ids]
        shout = np.array([is_shout(word) for word in stream.words], dtype=bool)
        ends = np.repeat(stream.starts[1:], np.diff(stream.starts))
        place = np.flatnonzero(tokens) if len(self._keys) else np.zeros(0, np.int64)
        state, now = np.zeros(len(place), np.int64), place.copy()
        found = [(place[:0], place[:0], np.zeros(0, np.int32))]
        while len(place):
            place, state, now = self._step(tokens, place, state, now)
            alias = self._final[state]
            good = (alias >= 0) & ((shout[stream.ids[place]] & (now == place)) | ~self._wary[np.maximum(alias, 0)])
            found.append((place[good], now[good] - place[good] + 1, alias[good]))
            # Step over the lone s that "Wilson's" leaves behind its apostrophe.
            places = now + 1
            lone = stream.flags("s")[stream.ids[np.minimum(places, len(stream.ids) - 1)]]
            now = places + (lone & (places < len(stream.ids)))
            inside = now < ends[place]
            place, state, now = place[inside], state[inside], now[inside]
        # Join matches of all lengths, by place and longest first.
        first = np.concatenate([part[0] for part in found])
        length = np.concatenate([part[1] for part in found]).astype(np.int32)
        names = np.concatenate([part[2] for part in found]).astype(np.int32)
        order = np.lexsort((-length, first))
        return first[order], length[order], names[order]

    def _step(
        self, tokens: NDArray[np.int64], place: NDArray[np.int64], state: NDArray[np.int64], now: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Follow the trie by one word from every open place; places where it ends are dropped."""
        wanted = state * (1 << 32) + tokens[now]
        at = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        open_ = self._keys[at] == wanted
        return place[open_], self._next[at[open_]], now[open_]


def _with_abbreviations(stream: TokenStream, table: MentionTable) -> MentionTable:
    """Add the mentions by abbreviations that their own text introduces in brackets after a full name."""
    introduced = _introductions(stream, table)
    if not introduced:
        return table
    text_of = stream.text_of()
    keys = np.array(sorted(introduced), dtype=np.int64)
    aliases = np.array([introduced[key] for key in keys.tolist()], dtype=np.int32)
    span = len(stream.words)
    wanted = text_of.astype(np.int64) * span + stream.ids
    loud = np.array([is_shout(word) for word in stream.words], dtype=bool)[stream.ids]
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    place = np.flatnonzero(loud & (keys[at] == wanted))
    covered = np.zeros(len(stream.ids) + 1, dtype=np.int32)
    long = table.length > 1
    np.add.at(covered, table.first[long], 1)
    np.add.at(covered, table.first[long] + table.length[long], -1)
    place = place[np.cumsum(covered)[place] == 0]
    stay = ~np.isin(table.first, place)
    first = np.concatenate((table.first[stay], place))
    order = np.argsort(first, kind="stable")
    length = np.concatenate((table.length[stay], np.ones(len(place), np.int32)))
    alias = np.concatenate((table.alias[stay], aliases[at[place]]))
    return MentionTable(first[order], length[order].astype(np.int32), alias[order].astype(np.int32))


def _introductions(stream: TokenStream, table: MentionTable) -> dict[int, int]:
    """Return the alias behind each abbreviation, keyed by text number times vocabulary size plus the word's index."""
    if len(stream.ids) < 4:
        return {}
    after = table.first + table.length
    near = after + 2 < len(stream.ids)
    opening = stream.words.index("(") if "(" in stream.words else -1
    closing = stream.words.index(")") if ")" in stream.words else -1
    after = np.minimum(after, max(len(stream.ids) - 3, 0))
    near &= (stream.ids[after] == opening) & (stream.ids[after + 2] == closing)
    text_of = stream.text_of()
    introduced: dict[int, int] = {}
    for row in np.flatnonzero(near & (table.length > 0)).tolist():
        place = int(after[row])
        short = stream.words[stream.ids[place + 1]]
        long = [stream.words[word] for word in stream.ids[table.first[row] : place]]
        if is_shout(short) and 2 <= len(short) <= 8 and _abbreviates(short, long):
            introduced.setdefault(
                int(text_of[place]) * len(stream.words) + int(stream.ids[place + 1]), int(table.alias[row])
            )
    return introduced


def _abbreviates(short: str, long: Sequence[str]) -> bool:
    """Say whether the letters of ``short`` occur in ``long`` in order, the first at the start of a word."""
    letters = [letter for letter in short.rstrip("s").lower() if letter.isalpha()]
    text = "".join(long).lower()
    if not letters or len(short) >= len(text) or not any(word[0].lower() == letters[0] for word in long):
        return False
    places = [text.find(letters[0])]
    for letter in letters[1:]:
        places.append(text.find(letter, places[-1] + 1))
        if places[-1] < 0:
            return False
    return all(one < other for one, other in pairwise(places))
