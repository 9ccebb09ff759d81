"""Names that a name unknown to a graph may be known under: without its salt, spelled otherwise, its twin, its parts.

They are suggested and never taken for what was asked: a salt, a prodrug or one part of a combination is another drug.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import NamedTuple

from kedrec.graphdb.names.normalize import american, british, fold

__all__ = [
    "KIN",
    "SHORTER",
    "Relative",
    "are_parts",
    "is_metal",
    "is_salt",
    "named_parts",
    "parts_of",
    "relatives",
    "twins",
]

KIN = 99.0
"""Similarity that a known relative is given: above every name that only looks alike."""
SHORTER = 98.0
"""Similarity that a disease is given whose name is a part of an unknown one's."""
STEPS = 3
"""Relatives of relatives that are followed: `co-codamol`, `paracetamol/codeine`, `paracetamol`, `acetaminophen`."""
MOST = 60
"""Relatives of one name."""

DRUG, DISEASE = "Compound", "Disease"
_SALT = re.compile(
    r"(?:mono|di|tri|hemi|sesqui|hydrogen)?(?:hydrochloride|hcl|hydrobromide|hbr|me[sz]ylate|mesilate|besylate"
    r"|besilate|tosylate|tosilate|esylate|esilate|edisylate|camsylate|maleate|malate|fumarate|(?:bi)?tartrate|citrate"
    r"|succinate|acetate|phosphate|sul(?:f|ph)ate|nitrate|(?:bi)?carbonate|chloride|bromide|iodide|gluconate|lactate"
    r"|oxalate|benzoate|salicylate|stearate|palmitate|pamoate|embonate|propionate|furoate|valerate|decanoate"
    r"|enant?hate|cypionate|undecanoate|xinafoate|isethionate|hyclate|hydrate|anhydrous|sodium|potassium|calcium"
    r"|magnesium|zinc|lysine|arginine|meglumine|trometamol|tromethamine|axetil|proxetil|medoxomil|cilexetil"
    r"|pivoxil|disoproxil|alafenamide|etexilate|mofetil)",
    re.IGNORECASE,
)
_METALS = frozenset({"sodium", "disodium", "potassium", "calcium", "magnesium", "zinc"})
"""Salts that may also stand before the name: `sodium valproate`."""
_SAY_HOW = frozenset({"acute", "chronic", "severe", "mild", "primary", "secondary", "post", "tissue", "weight"})
"""Words that say how or where an illness is, which some graphs have for the name of one."""
_JOINT = re.compile(r"\s*[/+;]\s*|\s+(?:and|plus|with|&)\s+|(?<=[^\W\d_]{4})-(?=[^\W\d_]{4})", re.IGNORECASE)
_ACID = re.compile(r"(?P<stem>\w{3,})ic acid\b", re.IGNORECASE)
_ANION = re.compile(r"(?P<stem>\w{3,})ate\b", re.IGNORECASE)


class Relative(NamedTuple):
    """A name to look up in place of an unknown one."""

    name: str
    """The name."""
    kind: str | None
    """The only kind that it is a relative in; None where it is one in all."""


def relatives(name: str) -> list[Relative]:
    """Return the names that a name may be known under, nearest first.

    Args:
        name: a name that is itself unknown.
    """
    seen, nearest = {fold(name)}, list[Relative]()
    level = [Relative(name, None)]
    for _ in range(STEPS):
        found = [one for parent in level for one in _next(parent) if fold(one.name)]
        level = [one for one in dict.fromkeys(found) if fold(one.name) not in seen]
        seen.update(fold(one.name) for one in level)
        nearest += level
    return [*nearest, *_shorter(name)][:MOST]


def parts_of(name: str) -> tuple[str, ...]:
    """Return the names that a combination is put together of: `a/b`, `a + b`, `a and b`, `long-names`; else nothing."""
    parts = tuple(part.strip() for part in _JOINT.split(name))
    return parts if len(parts) > 1 and all(len(fold(part)) > 2 for part in parts) else ()


def named_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a combination that names them or has a name of its own, as `co-codamol`; else nothing."""
    return next((parts for one in (name, *twins(name)) if (parts := parts_of(one))), ())


def are_parts(name: str, suggested: Iterable[str]) -> bool:
    """Whether what an unknown combination suggests are its parts, and not the combination under another name."""
    return bool(named_parts(name)) and not any(parts_of(other) for other in suggested)


def is_salt(word: str) -> bool:
    """Whether a word is what stands behind a drug to say which salt or ester of it: `mesylate`, `sodium`."""
    return _SALT.fullmatch(word) is not None


def is_metal(word: str) -> bool:
    """Whether a word is a salt's that may also stand before the drug: `sodium valproate`."""
    return word.lower() in _METALS


def twins(name: str) -> tuple[str, ...]:
    """Return the other documented names of the same substance or illness, in their order."""
    return tuple(other for other in _groups().get(fold(name), ()) if fold(other) != fold(name))


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    lines = (files("kedrec.graphdb.names") / "suggested_synonyms.txt").read_text("utf-8").splitlines()
    groups = [tuple(name.strip() for name in line.split("|")) for line in lines if line and not line.startswith("#")]
    return {fold(name): group for group in groups for name in group}


def _next(parent: Relative) -> Iterator[Relative]:
    """Yield the names one step from a name."""
    name, kind = parent
    drugs = chain(_without_salts(name), _acids(name), _combined(name), parts_of(name))
    yield from (Relative(twin, kind) for twin in twins(name))
    yield from (Relative(spelling, kind) for spelling in (american(name), *british(name)) if spelling != name.lower())
    yield from (Relative(drug, DRUG) for drug in drugs)


def _without_salts(name: str) -> Iterator[str]:
    words = name.split()
    end = next((n for n in range(len(words), 0, -1) if not is_salt(words[n - 1].strip("(),"))), 0)
    if 0 < end < len(words):
        yield " ".join(words[:end]).rstrip(" (,")
    if len(words) > 1 and is_metal(words[0]):
        yield " ".join(words[1:])


def _acids(name: str) -> Iterator[str]:
    """Yield an acid's anion and an anion's acid: `mycophenolate`, `mycophenolic acid`."""
    for ending, other in ((_ACID, r"\g<stem>ate"), (_ANION, r"\g<stem>ic acid")):
        if ending.search(name):
            yield ending.sub(other, name)


def _combined(name: str) -> Iterator[str]:
    """Yield a combination of two with its parts in either order, joined in other ways."""
    parts = parts_of(name)
    if len(parts) == 2:
        for first, last in (parts, parts[::-1]):
            yield from (f"{first}{joint}{last}" for joint in ("/", " and ", " plus ", " with "))


def _shorter(name: str) -> Iterator[Relative]:
    """Yield a disease's name without its last or first words, the longest first."""
    words = name.split()
    for size in range(len(words) - 1, 0, -1):
        for part in dict.fromkeys((" ".join(words[:size]), " ".join(words[-size:]))):
            if part.lower() not in _SAY_HOW:
                yield Relative(part, DISEASE)
