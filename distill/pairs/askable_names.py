"""Which drugs and diseases can be asked about by name, and which are one thing under several ids.

A pair is a question for people and a search in literature. An entity known by its id only, or by a name that is an
everyday word (`s`, `post`, `tissue`, `viral`), makes neither. DRKG has one drug or disease under several ids: of those
with one name only the best connected is asked about.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Literal

from kedrec.graphdb.names.normalize import fold, fold_loosely
from kedrec.tools.text.surface_forms import ORDINARY_DISEASE, ORDINARY_DRUG

__all__ = ["NameFault", "disease_faults", "drug_faults", "namesakes"]

NameFault = Literal["no name", "an everyday word for a name", "the name of a better connected one"]

SHORTEST_DISEASE = 4
"""Letters of a disease's name; shorter ones are abbreviations that stand for several things."""
_ADJECTIVE = re.compile(r"[a-z]+(al|ic|ary|ive|ogy)")
_PART_OF_A_NAME = frozenset(
    ("abnormalities", "bifida", "block", "cognition", "death", "deficiency", "emergencies", "memory", "radiation",
     "type 1", "type 2")
)  # fmt: skip


def disease_faults(ids: Sequence[str], names: Sequence[str], degrees: Sequence[int]) -> list[NameFault | None]:
    """Return why each disease cannot be asked about by its name; None where it can.

    Args:
        ids: entity ids.
        names: preferred names in the same order; the id itself if there is none.
        degrees: triples at each; of several with one name the one with most can be asked about, of equals the first.
    """
    return _faults(ids, names, degrees, fold_loosely, _everyday_disease)


def drug_faults(ids: Sequence[str], names: Sequence[str], degrees: Sequence[int]) -> list[NameFault | None]:
    """Return why each drug cannot be asked about by its name; arguments and result as of `disease_faults`."""
    return _faults(ids, names, degrees, fold, _everyday_drug)


def _faults(
    ids: Sequence[str],
    names: Sequence[str],
    degrees: Sequence[int],
    key: Callable[[str], str],
    everyday: Callable[[str], bool],
) -> list[NameFault | None]:
    keys = [key(name) for name in names]
    best: dict[str, int] = {}
    for row, folded in enumerate(keys):
        if folded not in best or degrees[row] > degrees[best[folded]]:
            best[folded] = row
    found: list[NameFault | None] = []
    for row, (entity_id, name, folded) in enumerate(zip(ids, names, keys, strict=True)):
        if name == entity_id or not folded:
            found.append("no name")
        elif everyday(name.casefold()):
            found.append("an everyday word for a name")
        else:
            found.append(None if best[folded] == row else "the name of a better connected one")
    return found


def _everyday_disease(name: str) -> bool:
    short = len(name) < SHORTEST_DISEASE
    return short or name in ORDINARY_DISEASE | _PART_OF_A_NAME or _ADJECTIVE.fullmatch(name) is not None


def _everyday_drug(name: str) -> bool:
    return name in ORDINARY_DRUG


def namesakes(names: Sequence[Collection[str]]) -> dict[int, frozenset[int]]:
    """Return for each row the other rows that share one of its names; rows without any are left out.

    Args:
        names: folded names of each row; empty ones are ignored.
    """
    owners: dict[str, set[int]] = defaultdict(set)
    for row, known in enumerate(names):
        for name in known:
            owners[name].add(row)
    found: dict[int, set[int]] = defaultdict(set)
    for name, rows in owners.items():
        for row in rows if name and len(rows) > 1 else ():
            found[row] |= rows - {row}
    return {row: frozenset(others) for row, others in found.items()}
