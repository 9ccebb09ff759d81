"""Where in a record each drug and disease is named.

A record is its title and its text; a trial's text may begin with lists of conditions and interventions and has criteria
at its end. A name in the criteria weighs less than one in the title, so the place is kept with every mention.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kedrec.tools.text.mention_finder import MentionFinder, MentionTable
from kedrec.tools.text.tokens import TokenStream, sentence_numbers

__all__ = [
    "BODY",
    "CONDITIONS",
    "CRITERIA",
    "EARLY",
    "INTERVENTIONS",
    "TITLE",
    "EntityRows",
    "cross",
    "entity_rows",
    "zones",
]


TITLE, CONDITIONS, INTERVENTIONS, EARLY, CRITERIA, BODY = 1, 2, 4, 8, 16, 32
"""Where in a record a name stands (bits)."""


@dataclass(frozen=True)
class EntityRows:
    """Mentions by entity: one row for each entity that a mention may mean, sorted by place."""

    entity: NDArray[np.int32]
    """Index into the finder's ids."""
    place: NDArray[np.int64]
    """First token."""
    length: NDArray[np.int32]
    """Number of tokens."""
    text: NDArray[np.int32]
    """Number of the record."""
    sentence: NDArray[np.int32]
    """Number of the sentence."""
    zone: NDArray[np.int32]
    """Where in the record, as bits."""
    drug: NDArray[np.bool_]
    """Whether it is a compound."""

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> EntityRows:
        """Return some of the rows."""
        return EntityRows(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def entity_rows(stream: TokenStream, table: MentionTable, finder: MentionFinder) -> EntityRows:
    """Spread mentions over the entities they may mean, with record, sentence and zone of each.

    Args:
        stream: Tokens of all records, title and text parted by a line end.
        table: Mentions in it.
        finder: The finder that made the table.

    Returns:
        One row for each mention and entity.
    """
    sizes = np.array([len(owners) for owners in finder.owners], dtype=np.int64)
    flat = np.array([owner for owners in finder.owners for owner in owners], dtype=np.int32)
    begins = np.concatenate(([0], np.cumsum(sizes)[:-1])) if len(sizes) else np.zeros(0, np.int64)
    many = sizes[table.alias]
    row = np.repeat(np.arange(len(table.alias)), many)
    within = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    place = table.first[row]
    drug = np.array([kind == "Compound" for kind in finder.kinds], dtype=bool)[table.alias[row]]
    entity = flat[begins[table.alias[row]] + within] if len(row) else np.zeros(0, np.int32)
    zone = zones(stream)[place]
    return EntityRows(
        entity, place, table.length[row], stream.text_of()[place], sentence_numbers(stream)[place], zone, drug
    )


def zones(stream: TokenStream) -> NDArray[np.int32]:
    """Say where in its record each token stands.

    A record is its title, a line end, its text. A trial's text may begin with two lists, ``['conditions']
    ['interventions']``,
    and its criteria begin at the word pair "Inclusion Criteria" or "Exclusion Criteria".

    Args:
        stream: Tokens of all records.

    Returns:
        One of the zone bits for each token, ``EARLY`` for the first 30 of the text outside lists, shape (tokens,).
    """
    total = len(stream.ids)
    text_of = stream.text_of()
    begin = stream.starts[:-1][text_of] if total else np.zeros(0, np.int64)
    lines = _running(stream.flags("\n")[stream.ids], begin)
    opened = _running(stream.flags("[")[stream.ids], begin)
    closed = _running(stream.flags("]")[stream.ids], begin)
    head = stream.flags({"Inclusion", "Exclusion", "INCLUSION", "EXCLUSION", "inclusion", "exclusion"})[stream.ids]
    word = stream.flags({"Criteria", "CRITERIA", "criteria"})[stream.ids]
    head[:-1] &= word[1:]
    criteria = _running(head, begin) > 0
    # Of each record whether its text begins with a bracketed list, shape (texts,).
    bracket = stream.flags("[")[stream.ids]
    second = np.minimum(stream.starts[:-1] + 1, max(len(stream.ids) - 1, 0))
    begins_with_list = bracket[second] if len(bracket) else np.zeros(len(stream.starts) - 1, bool)
    listed = (opened - closed == 1) & (opened <= 2) & begins_with_list[text_of]
    early = np.arange(total) - begin < 30
    zone = np.full(total, BODY, dtype=np.int32)
    zone[early] = EARLY
    zone[criteria] = CRITERIA
    zone[listed & (opened == 1)] = CONDITIONS
    zone[listed & (opened == 2)] = INTERVENTIONS
    zone[lines == 0] = TITLE
    return zone


def _running(flags: NDArray[np.bool_], begin: NDArray[np.int64]) -> NDArray[np.int32]:
    """Count flags from the beginning of each token's record up to and with the token."""
    total = np.concatenate(([0], np.cumsum(flags, dtype=np.int32)))
    return (total[1:] - total[begin]).astype(np.int32)


def cross(left: NDArray[np.int32], right: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair every row of one side with every row of the other that has the same group.

    Args:
        left: Group of each row, sorted.
        right: Group of each row, sorted.

    Returns:
        Row numbers on either side, one entry for each couple, ordered by the left row.
    """
    low = np.searchsorted(right, left, "left")
    many = np.searchsorted(right, left, "right") - low
    one = np.repeat(np.arange(len(left)), many)
    within = np.arange(len(one)) - np.repeat(np.cumsum(many) - many, many)
    return one, low[one] + within
