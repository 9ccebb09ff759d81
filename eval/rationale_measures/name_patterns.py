"""How the nodes of a curated mechanism are found in a text.

All names count as whole words only. A name of several words counts in any case, its words parted by spaces or hyphens,
in the singular or plural. A symbol counts in any case where it has a digit and four signs or more (`jak1`, `IL-6`,
`IL6`). A shorter symbol, or one of up to five letters without a digit, may be a word or mean something else (`KIT`,
`ACE`): it counts as it is written officially, or in any case before a word such as `gene` or `receptor`. Two letters or
fewer never count by themselves. Greek letters are read as their names, British spelling as American.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from kedrec.eval.rationale_measures.curated_mechanisms import CuratedNode

__all__ = ["folded", "name_pattern", "node_pattern", "process_names", "symbol_pattern"]

SHORTEST = 3
"""Letters and digits of the shortest name that counts by itself."""
_SHORT_SYMBOL = 5
_BETWEEN = r"[\s-]+"
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa", "μ": "mu", "µ": "mu"}
_SIGNS = str.maketrans({**_GREEK, **dict.fromkeys("‐‑‒–—", "-"), "’": "'"})
_SPELLINGS = (
    (re.compile(r"([Hh])aem"), r"\1em"),
    (re.compile(r"(?<=\w)aem"), "em"),
    (re.compile(r"\b([Oo])e(?=dem|soph|str)"), lambda found: {"o": "e", "O": "E"}[found[1]]),
    (re.compile(r"([Tt])umour"), r"\1umor"),
    (re.compile(r"([Ss])ignalling"), r"\1ignaling"),
)  # fmt: skip
"""British spelling -> American; neither is right, they only have to be the same on both sides."""
_AS_A_GENE = "gene|genes|protein|proteins|receptor|receptors|kinase|kinases|enzyme|channel|channels|transporter|subunit"
_PROCESS = (
    ("biosynthetic process", ("biosynthesis", "synthesis")),
    ("catabolic process", ("catabolism", "degradation", "breakdown")),
    ("metabolic process", ("metabolism",)),
    ("apoptotic process", ("apoptosis",)),
    ("inflammatory response", ("inflammation",)),
    ("cell population proliferation", ("cell proliferation",)),
    ("signaling pathway", ("signaling",)),
)
"""How the Gene Ontology names a process -> how people write it."""
_QUALIFIED = re.compile(r" (?:involved in|by|via) .*$|, (?!\w+(?:ic|al)$).*$")
_OF = re.compile(r"^([a-z]+(?:sis|tion|ing|ism|ment)) of (?:the )?(.+)$", re.IGNORECASE)
_ENDS_IN_ACTION = re.compile(r"^(.+) ([a-z]+(?:sis|tion|ism|ment))$", re.IGNORECASE)


def folded(text: str) -> str:
    """A text as it is compared: Greek letters as their names, one hyphen, American spelling."""
    text = text.translate(_SIGNS)
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    return text


@lru_cache(maxsize=16_384)
def node_pattern(node: CuratedNode) -> re.Pattern[str] | None:
    """What finds a node in a folded text; None where all its names are too short."""
    names = process_names(node.name) if node.part == "process" else plain_names(node.name)
    symbols: tuple[str, ...] = ()
    if node.protein is not None:
        names = (*names, *plain_names(node.protein.name))
        symbols = (node.protein.symbol, *node.protein.other_symbols)
    return _any_of([*map(_name, names), *map(_symbol, symbols)])


@lru_cache(maxsize=16_384)
def name_pattern(name: str) -> re.Pattern[str] | None:
    """What finds a full name in a folded text; None where it is too short."""
    return _any_of([_name(name)])


@lru_cache(maxsize=16_384)
def symbol_pattern(symbol: str, *, shortest: int = SHORTEST) -> re.Pattern[str] | None:
    """What finds a gene's symbol in a folded text; None where it is too short.

    Args:
        symbol: the symbol.
        shortest: letters and digits of the shortest that counts.
    """
    return _any_of([_symbol(symbol, shortest)])


def plain_names(name: str) -> tuple[str, ...]:
    """A name, without what stands in brackets after it, and the right way round: `Lipoproteins, LDL`."""
    bare = re.sub(r"\s*\([^()]*\)\s*$", "", re.sub(r"\s*\([^()]*\)(?= )", "", name)).strip()
    parts = bare.split(", ")
    turned = [" ".join(reversed(parts))] if len(parts) > 1 else []
    return tuple(dict.fromkeys(one for one in (name, bare, *turned) if one))


def process_names(name: str) -> tuple[str, ...]:
    """The names of a process or pathway: its own, without what qualifies it, and the ways in which people say it.

    `prostaglandin biosynthetic process` is also `prostaglandin synthesis` and `synthesis of prostaglandin`;
    `histamine secretion involved in inflammatory response` is also `histamine secretion`; `inflammatory response` is
    also `inflammation`.
    """
    names = list(plain_names(name))
    names += [short for one in names if " " in (short := _QUALIFIED.sub("", one))]
    names += [said for one in names for said in _said(folded(one))]
    names += [turned for one in names for turned in _turned(one)]
    return tuple(dict.fromkeys(names))


def _said(name: str) -> Iterator[str]:
    lowered = name.lower()
    for formal, ways in _PROCESS:
        if formal in lowered:
            yield from (lowered.replace(formal, way) for way in ways)


def _turned(name: str) -> Iterator[str]:
    if found := _OF.match(name):
        yield f"{found[2]} {found[1]}"
    elif found := _ENDS_IN_ACTION.match(name):
        yield f"{found[2]} of {found[1]}"


def _any_of(forms: Iterable[str | None]) -> re.Pattern[str] | None:
    kept = dict.fromkeys(form for form in forms if form)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(kept)})(?![A-Za-z0-9])") if kept else None


def _name(name: str) -> str | None:
    """A form for a full name; one written like a symbol is taken as one."""
    name = folded(name)
    if re.fullmatch(rf"[A-Z0-9-]{{1,{_SHORT_SYMBOL}}}", name):
        return _symbol(name)
    words = [re.escape(word) for word in re.split(r"[\s-]+", name) if word]
    if _size(name) < SHORTEST:
        return None
    plural = "s?" if name[-1:].isalpha() else ""
    single = re.sub(r"(?<=[a-z]{3})s$", "", words[-1]) if not words[-1].endswith(("ss", "is", "us")) else words[-1]
    return f"(?i:{_BETWEEN.join([*words[:-1], single])}{plural})"


def _symbol(symbol: str, shortest: int = SHORTEST) -> str | None:
    symbol = folded(symbol)
    if _size(symbol) < shortest:
        return None
    pieces = re.findall(r"[A-Za-z]+|\d+|[^A-Za-z0-9\s-]+", symbol)
    form = "[ -]?".join(map(re.escape, pieces)) if len(symbol.split()) > 1 else "-?".join(map(re.escape, pieces))
    has_digit = any(sign.isdigit() for sign in symbol)
    if _size(symbol) > (SHORTEST if has_digit else _SHORT_SYMBOL):
        return f"(?i:{form})"
    return rf"{form}|(?i:{form})(?=[\s-]+(?i:{_AS_A_GENE})(?![A-Za-z]))"


def _size(name: str) -> int:
    return sum(sign.isalnum() for sign in name)
