"""Finding the drugs and diseases named in a sentence, by the names and synonyms of the graph; longest names first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from kedrec.agents.chat.intents.cues import CUES
from kedrec.graphdb.names.kinship import twins
from kedrec.graphdb.names.normalize import fold_loosely
from kedrec.graphdb.names.other_names import by_other_name
from kedrec.graphdb.names.readings import of_several
from kedrec.graphdb.store import GraphStore
from kedrec.records import Alternative, Match
from kedrec.tools.text.surface_forms import ORDINARY_DISEASE, ORDINARY_DRUG

__all__ = ["ALIKE", "NameInText", "Token", "common_words", "doubtful_words", "find_names", "overlaps", "tokens"]

LONGEST_NAME = 8
"""Words of the longest name that is looked for."""
KINDS = ("Compound", "Disease")
"""Kinds of what is looked for."""
ORGANS = frozenset({"eye", "retina", "cornea", "tendon", "liver", "kidney", "heart", "lung", "skin", "bone", "brain"})
"""What a drug may harm, and is no brand of one that is written alike."""
ALIKE = 88.0
"""Similarity, 0 to 100, from which a name may be a misspelling of another."""

_WORD = re.compile(r"[^\W_](?:[\w'’+.-]*[\w+])?")
_ID = re.compile(
    r"(?:Compound|Disease)::\S*\w|\b(?:drugbank|mesh|doid|omim|chebi|chembl\.compound):\w+",
    re.IGNORECASE,
)
_STEM = re.compile(
    r"[a-z]{3}(?:mab|[tf]inib|inib|ciclib|parib|sartan|[aeiou]pril|olol|statin|gliptin|glitazone|gliflozin|cycline"
    r"|conazole|vir|[a-z]tide|parin|xaban|prazole|dipine|setron|triptan|floxacin|cillin|mycin|micin|azepam|zolam"
    r"|lukast|fibrate|thiazide|dronate|cept|kinra|limus|platin|taxel|rubicin|gepant|oxetine|barbital|caine|profen"
    r"|tidine|terol"
    r"|sonide|solone|stim)$",
    re.IGNORECASE,
)
"""Stems by which the World Health Organization names drugs, at the end of a word."""
_SAFE_SHORT = frozenset(
    (
        "acne",
        "aids",
        "boil",
        "burn",
        "flu",
        "gout",
        "hiv",
        "iron",
        "pain",
        "rash",
        "stye",
        "tics",
        "urea",
        "yaws",
        "zinc",
    )
)
"""Short names that are meant as such even in lower case."""


_OF_SYNDROME = re.compile(r"\s+syndromes?\b", re.IGNORECASE)
"""Stands behind what is no drug: `serotonin syndrome`."""


class NameInText(NamedTuple):
    """A name that stands in a sentence."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    kind: str
    """`Compound` or `Disease`."""
    match: Match
    """What it means; `ambiguous` where several entities share it."""


class Token(NamedTuple):
    """A word or id of a sentence."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    text: str
    """The word."""


def find_names(text: str, store: GraphStore) -> list[NameInText]:
    """Find the drugs and diseases that a sentence names.

    Longer names win over shorter ones inside them, so that "type 2 diabetes" is not also "diabetes". An ordinary word
    that happens to be somebody's synonym ("all", "same", "cold") is no name, and a short synonym counts only in
    capitals ("RA", "MS").

    Args:
        text: the sentence.
        store: the graph.

    Returns:
        The names in the order of the sentence; nothing in it is a similar name put in place of another.
    """
    words = tokens(text)
    # Whether the whole sentence is in capitals, so that capitals mean nothing.
    letters = [char for char in text if char.isalpha()]
    loud = len(letters) > 12 and sum(char.isupper() for char in letters) > 0.8 * len(letters)
    found: list[NameInText] = []
    for size in range(min(LONGEST_NAME, len(words)), 0, -1):
        for first in range(len(words) - size + 1):
            span = words[first : first + size]
            if not overlaps(span, found) and (named := _named(text, span, store, loud)):
                found.append(named)
    return sorted(found)


def doubtful_words(text: str, store: GraphStore, found: Sequence[NameInText], kinds: Sequence[str]) -> list[Match]:
    """Words of a sentence that are no name but seem to be meant as one, with what they may have meant.

    These are words that are nearly a name of what is looked for, unknown words that stand beside a known drug as its
    alternative ("Humira or MTX") or, where there is none, before a known illness ("psilocybin in depression"), and
    unknown words that end like the name of a drug ("somethingumab").

    Args:
        text: the sentence.
        store: the graph.
        found: names found in it already.
        kinds: what else is looked for.
    """
    words = [token for token in tokens(text) if len(token.text) > 2 and token.text.lower() not in common_words()]
    free = [word for word in words if not overlaps([word], found)]
    # Offsets of the words that a connective offers as alternatives to known drugs.
    drugs = [named for named in found if named.kind == "Compound"]
    after = [_after(text, named.end) for named in drugs]
    beside = {place for place in [*after, *(_before(text, named.start) for named in drugs)] if place is not None}
    if not drugs:
        unknown = [word for word in free if len(word.text) > 5 and not CUES["classes"].fullmatch(word.text.lower())]
        beside |= {word.start for word in unknown for ill in found if _FOR.fullmatch(text[word.end : ill.start])}
    matches = [_nearly(word, store, kinds if len(word.text) > 4 else ()) for word in free]
    return [
        match
        for word, match in zip(free, matches, strict=True)
        if match.alternatives or word.start in beside or (_STEM.search(word.text) and match.match == "none")
    ]


def _nearly(word: Token, store: GraphStore, kinds: Sequence[str]) -> Match:
    """What a word may have meant: only names that are about as near as the nearest."""
    if (other := by_other_name(word.text, store, "Compound")) and other.entity:
        known = Alternative(id=other.entity.id, name=other.entity.name, score=100.0)
        return Match(query=word.text, match="none", alternatives=(known,))
    match = store.search(word.text, kinds=kinds, limit=5) if kinds else Match(query=word.text, match="none")
    if match.match != "none":
        return match.model_copy(update={"alternatives": ()})
    floor = max(ALIKE, max((alternative.score for alternative in match.alternatives), default=0.0) - 5)
    begun = [one for one in match.alternatives if one.name.lower().startswith(word.text.lower())]
    near = begun or [one for one in match.alternatives if one.score >= floor]
    return match.model_copy(update={"alternatives": tuple(near)})


_FOR = re.compile(
    r"\s+(?:in|for|against) (?:(?:severe|refractory|acute|chronic|early|active|adult|the) )?", re.IGNORECASE
)
"""Stands between a drug and an illness."""
_OR = r"(?:or|vs\.?|versus|than|against|compared (?:with|to))"
_LITTLE = r"(?:(?:the|a|an|at|with|to|on|for|take|use|using|give|given) )*"


def _after(text: str, end: int) -> int | None:
    match = re.compile(rf"\s*(?:,|rather|better)?\s*{_OR} {_LITTLE}(?=\w)", re.IGNORECASE).match(text, end)
    return match.end() if match else None


def _before(text: str, start: int) -> int | None:
    match = re.search(rf"([^\W_][\w'’+.-]*),? (?:rather |better )?{_OR} {_LITTLE}$", text[:start], re.IGNORECASE)
    return match.start(1) if match else None


def tokens(text: str) -> list[Token]:
    """Return the words and ids of a sentence, in order."""
    ids = [Token(*match.span(), match.group()) for match in _ID.finditer(text)]
    words = [Token(*match.span(), match.group()) for match in _WORD.finditer(text)]
    free = [word for word in words if not any(one.start <= word.start < one.end for one in ids)]
    return sorted([*ids, *(_without_genitive(word) for word in free)])


def _without_genitive(word: Token) -> Token:
    bare = re.sub(r"['’]s?$", "", word.text)
    return Token(word.start, word.start + len(bare), bare)


def overlaps(span: Sequence[Token], found: Iterable[NameInText]) -> bool:
    """Whether a stretch of words shares a character with a name."""
    return any(span[0].start < named.end and named.start < span[-1].end for named in found)


def _named(text: str, span: Sequence[Token], store: GraphStore, loud: bool) -> NameInText | None:
    """The name that a stretch of words is, if it is one."""
    start, end = span[0].start, span[-1].end
    words = text[start:end]
    # Whether a stretch of words is worth looking up: not all of it is common words.
    lower = [token.text.lower() for token in span]
    if len(span) == 1:
        shout = _is_shout(span[0].text) and not loud
        may_be_name = any(char.isalpha() for char in lower[0]) and (lower[0] not in common_words() or shout)
    else:
        may_be_name = any(word not in _words_of("common_words.txt") for word in lower)
    if not may_be_name:
        return None
    kinds = KINDS[1:] if _OF_SYNDROME.match(text, end) else KINDS
    known = {kind: match for kind in kinds if _counts(match := _looked_up(words, store, kind), span, loud, kind)}
    if not known:
        return None
    # What a drug and an illness are both called otherwise is the illness: a brand has the name of what it is for.
    best = min(map(_rank, known.values()))
    closest = [kind for kind in kinds if kind in known and _rank(known[kind]) == best]
    kind = closest[0 if best < 2 else -1]
    match = known[kind]
    told = match.entity or match.alternatives
    return NameInText(start, end, kind, match if told else store.search(words, kinds=(kind,), limit=5))


def _looked_up(words: str, store: GraphStore, kind: str) -> Match:
    """What words mean in the graph; by another documented name where they mean nothing or several things.

    A general name that the graph has as a synonym of one illness means several.
    """
    match = store.search(words, kinds=(kind,), limit=0)
    if kind == "Disease" and match.match == "synonym" and (several := of_several(words, store)):
        return several
    return match if match.entity else by_other_name(words, store, kind) or match


@cache
def common_words() -> frozenset[str]:
    """Words of everyday questions, never the name of a drug or a disease by themselves unless in capitals."""
    return _words_of("common_words.txt") | _words_of("question_words.txt")


@cache
def _words_of(name: str) -> frozenset[str]:
    """The words of a list; several of those of `common_words.txt` together are no name either."""
    return frozenset((files("kedrec.agents.chat") / name).read_text("utf-8").split())


def _counts(match: Match, span: Sequence[Token], loud: bool, kind: str) -> bool:
    """Whether words are some entity's name or synonym, and a single one is meant as such."""
    if match.match == "none":
        return False
    if len(span) > 1:
        return True
    word = span[0].text
    if kind == "Compound" and word.lower() in ORGANS:
        return False
    shout = _is_shout(word) and not loud
    ordinary = word.lower() in (ORDINARY_DRUG if kind == "Compound" else ORDINARY_DISEASE)
    preferred = match.entity is not None and match.entity.name.lower() == word.lower()
    if ordinary and not (preferred and len(word) > 4):
        return shout and kind == "Disease"
    # A documented abbreviation without a vowel is no word in lower case either: `mtx`.
    short = kind == "Compound" and len(word) > 2 and not re.search(r"[aeiouy]", word.lower()) and bool(twins(word))
    return shout or len(word) > 4 or (preferred and len(word) > 3) or short or word.lower() in _SAFE_SHORT


def _is_shout(word: str) -> bool:
    return len(word) > 1 and word.removesuffix("s").isupper()


def _rank(match: Match) -> int:
    """How close a name is to what it is had for: 0 the preferred name as it stands, 1 spelled otherwise, 2 not."""
    if match.entity is None or match.match == "synonym":
        return 2 + (match.entity is None)
    return int(match.match != "exact") + (fold_loosely(match.entity.name) != fold_loosely(match.query))
