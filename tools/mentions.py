"""Finding drugs and diseases in text by their names.

Names come as people file them (``Arthritis, Rheumatoid``, ``renal disease (disorder)``, ``ALL``) and stand in text as people
write (``rheumatoid arthritis``, ``kidney diseases``, ``RA``). The alias dictionary holds the ways in which each name may be
written; finding is leftmost-longest, so that "type 2 diabetes" is not also "diabetes"; short names and names that are ordinary
words count only where the case shows that a name is meant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kedrec.tools.tokens import TOKEN, TokenStream, fold, fold_all, is_shout

__all__ = ["Mention", "MentionFinder", "MentionTable", "spellings"]

ORDINARY_DRUG = frozenset(
    """care body advanced regimen same better prevent equal muscle allergy analgesic antimicrobial antifungal anesthetic
    anaesthetic antibacterial antiseptic solution success hand cough perform mucosa uterine acne fast vessel allergen easy
    nodular luminal gradient antacid cofactor today band comfort awake alert ice cor renewal modal dilate laxative
    antimigraine uracil lion stag pin mem eve ella muse nix ting gran serc soma tace bal ami eric axis orf roc pain fever
    clear cold flu calm relief control complete daily basic original ultra plus balance focus prime natural pure fresh
    sleep rest energy night day sun baby women men kids skin hair nail foot lip eye ear mouth oral nasal tablet capsule
    cream gel ointment lotion spray drop drops powder foam wash soap shampoo patch kit water air oil salt sugar food first
    aid one two three max extra strength active protein peptide enzyme vitamin mineral factor acid base complex oxygenated
    rash lama hobs mf ada voir tham orexin tension sprint resolve advance enable contrast monitor signal vista""".split()
)
"""Words given as synonyms of drugs (mostly brands of household goods) that mean something else in almost every text."""

ORDINARY_DISEASE = frozenset(
    """s c h m n post tissue weight chronic brain disorder disease diseases disorders acidosis depressive differentiated
    tension neuropathic strains strain decompensation ophthalmic phlegm ophthalmology dermatology contracture hyperactive
    gastrointestinal cardiovascular renal cold aura st ps ss ee iss scar sts tps fl oh pn rb af/ hiv/ pneumoniae cd pe mi
    uveal thrombus band wed burning symptom syndrome infection inflammation""".split()
)
"""The same for diseases; what is written in capitals still counts (``MI``, ``PE``)."""

_GENERIC = frozenset({"cancer", "neoplasm", "tumor", "carcinoma", "malignancy"})
_PAREN = re.compile(r"\s*[\(\[][^()\[\]]*[\)\]]|\s*\*\s*")
_TAIL = re.compile(r"(,?\s*\b(nos|unspecified|unspecified site|finding|disorder nos)\b\.?)+$", re.IGNORECASE)
_CANCER = re.compile(
    r"^(?:(?:malignant )?(?:neoplasm|tumou?r|cancer|carcinoma)s? of (?:the )?(?P<of>[a-z -]+)"
    r"|(?P<plain>[a-z -]+?) (?:malignant )?(?:neoplasms?|cancers?|tumou?rs?|carcinomas?))$"
)
_SITES = {"kidney": "renal", "stomach": "gastric", "liver": "hepatic", "lung": "pulmonary", "uterine cervical": "cervical"}
_SITES |= {"colon": "colonic", "ovary": "ovarian", "pancreas": "pancreatic", "prostate": "prostatic", "bladder": "urinary bladder"}
_SITES |= {"colorectal": "colorectum", "esophagus": "esophageal", "skin": "cutaneous", "breast": "mammary"}
_ORGAN = (("kidney", "renal"), ("liver", "hepatic"), ("heart", "cardiac"), ("lung", "pulmonary"), ("stomach", "gastric"))
_HEADS = (("disorder", "disease"), ("disease", "disorder"), ("attack", "seizure"), ("infection", "disease"))
_SALT = re.compile(
    r"\s+(hydrochloride|dihydrochloride|sodium|disodium|potassium|calcium|acetate|sulfate|sulphate|phosphate|mesylate|maleate"
    r"|tartrate|citrate|fumarate|succinate|bromide|hydrobromide|chloride|besylate|tosylate|nitrate|dipropionate|furoate"
    r"|hcl|monohydrate|anhydrous|recombinant|human|trihydrate|hemihydrate|malate|lactate|gluconate)$",
    re.IGNORECASE,
)
_KEEP_SALT = frozenset({"lithium", "zinc", "calcium", "sodium", "potassium", "magnesium", "iron", "ferric", "ferrous", "insulin",
                        "aluminium", "aluminum", "ammonium", "silver", "barium", "strontium", "growth hormone", "selenium"})  # fmt: skip


def _turned(name: str) -> Iterable[str]:
    """Yield an inverted name in running order: ``Leukemia, Myeloid, Acute`` as ``Acute Myeloid Leukemia``."""
    parts = [part.strip() for part in name.split(", ")]
    if 1 < len(parts) <= 4 and not any(" or " in part or " and " in part for part in parts):
        yield " ".join(reversed(parts))
        if len(parts) == 3:
            yield " ".join((parts[1], parts[2], parts[0]))


def _cancers(name: str) -> Iterable[str]:
    """Yield the ways to write a cancer of one site: ``Breast Neoplasms`` as ``breast cancer``, ``carcinoma of the breast``, …"""
    match = _CANCER.match(name.lower())
    if not match:
        return
    site = (match["of"] or match["plain"]).strip()
    if site in {"malignant", "primary", "metastatic", "secondary", "benign", "advanced", "solid", "adult"} or len(site.split()) > 3:
        return
    for place in {site, _SITES.get(site, site), *(near for near, far in _SITES.items() if far == site)}:
        for kind in ("cancer", "carcinoma", "neoplasm", "tumor", "malignancy"):
            yield f"{place} {kind}"
        for kind in ("cancer", "carcinoma"):
            yield f"{kind} of the {place}"
            yield f"{kind} of {place}"


def _rewordings(name: str) -> Iterable[str]:
    """Yield a disease's name with one word exchanged for its usual twin (``kidney``/``renal``, ``disorder``/``disease``)."""
    low = name.lower()
    for one, other in _ORGAN:
        for old, new in ((one, other), (other, one)):
            if re.search(rf"\b{old}\b", low):
                yield re.sub(rf"\b{old}\b", new, low)
    for old, new in _HEADS:
        if len(low.split()) > 1 and re.search(rf"\b{old}s?$", low):
            yield re.sub(rf"\b{old}s?$", new, low)
    if low.endswith(" syndrome") and len(low.split()) > 2:
        yield low.removesuffix(" syndrome")


def spellings(name: str, kind: str) -> dict[tuple[str, ...], int]:
    """Say how a name may stand in text.

    Args:
        name: A name or synonym as filed.
        kind: ``Compound`` or ``Disease``.

    Returns:
        Folded words of each spelling, with 0 for the name itself and 1 for what was derived from it.
    """
    plain = _TAIL.sub("", _PAREN.sub("", name)).strip(" ,.-")
    found: dict[tuple[str, ...], int] = {}
    forms = [(name, 0), (plain, 0)]
    if kind == "Disease":
        forms += [(form, 0) for form in _turned(plain)]
        forms += [(form, 1) for base, _ in list(forms) for form in (*_cancers(base), *_rewordings(base))]
    elif (bare := _SALT.sub("", plain)) != plain and bare.lower() not in _KEEP_SALT and len(bare) > 4:
        forms.append((bare, 1))
    forms += [(form.replace("-", ""), 1) for form, _ in list(forms) if "-" in form]
    for form, rank in forms:
        words = fold_all([word for word in TOKEN.findall(form.replace("'s", "").replace("’s", "")) if word[0].isalnum()])
        if words and len("".join(words)) > 1:
            found[words] = min(rank, found.get(words, 1))
    return found


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
        names: ``(id, name, synonyms)`` of the entities; the kind is what stands before ``::`` in the id, and only compounds
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
        for phrase, (kind, owners, wary) in sorted(_claims(names, self.ids).items()):
            self._add(phrase, kind, owners, wary)
        self._freeze()

    def _add(self, phrase: tuple[str, ...], kind: str, owners: tuple[int, ...], wary: bool) -> None:
        state = 0
        for word in phrase:
            step = (state, self._words.setdefault(word, len(self._words) + 1))
            state = self._steps.setdefault(step, len(self._steps) + 1)
        self._ends[state] = len(self.owners)
        self.owners.append(owners)
        self.kinds.append(kind)
        self.wary.append(wary)

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
        keep = _leftmost_longest(first, length)
        table = MentionTable(first[keep], length[keep], alias[keep])
        return _with_abbreviations(stream, table) if abbreviations else table

    def _matches(self, stream: TokenStream) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        words = np.array([self._words.get(word, 0) for word in stream.folded()], dtype=np.int64)
        skip = np.array([word in {"s", "(", ")"} for word in stream.words], dtype=bool)
        shout = np.array([is_shout(word) for word in stream.words], dtype=bool)
        if not len(stream.ids) or not len(self._keys):
            return np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32)
        tokens = words[stream.ids]
        place = np.flatnonzero(tokens)
        state, now = np.zeros(len(place), np.int64), place.copy()
        found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]] = []
        while len(place):
            place, state, now = self._step(tokens, place, state, now)
            alias = self._final[state]
            good = alias >= 0
            loud = shout[stream.ids[place]] & (now - place == 0)
            good &= loud | ~self._wary[np.maximum(alias, 0)]
            found.append((place[good], now[good] - place[good] + 1, alias[good]))
            now = now + 1
            inside = now < len(tokens)
            place, state, now = place[inside], state[inside], now[inside]
            genitive = skip[stream.ids[now]] & (now + 1 < len(tokens)) & (np.array(stream.words, object)[stream.ids[now]] == "s")
            now = now + genitive
        return _sorted(found)

    def _step(
        self, tokens: NDArray[np.int64], place: NDArray[np.int64], state: NDArray[np.int64], now: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Follow the trie by one word from every open place; places where it ends are dropped."""
        wanted = state * (1 << 32) + tokens[now]
        at = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        open_ = self._keys[at] == wanted
        return place[open_], self._next[at[open_]], now[open_]


def _sorted(
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Join matches of all lengths, by place and longest first."""
    first = np.concatenate([part[0] for part in found])
    length = np.concatenate([part[1] for part in found]).astype(np.int32)
    alias = np.concatenate([part[2] for part in found]).astype(np.int32)
    order = np.lexsort((-length, first))
    return first[order], length[order], alias[order]


def _leftmost_longest(first: NDArray[np.int64], length: NDArray[np.int32]) -> NDArray[np.int64]:
    """Choose the matches that stand when those overlapping an earlier or longer one are dropped."""
    keep: list[int] = []
    free = 0
    for row, (start, size) in enumerate(zip(first.tolist(), length.tolist(), strict=True)):
        if start >= free:
            keep.append(row)
            free = start + size
    return np.asarray(keep, dtype=np.int64)


def _claims(
    names: Iterable[tuple[str, str, Sequence[str]]], ids: list[str]
) -> dict[tuple[str, ...], tuple[str, tuple[int, ...], bool]]:
    """Settle who owns each spelling: preferred names before synonyms, synonyms before what was derived from them."""
    ranks: dict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
    shouted: dict[tuple[str, ...], bool] = defaultdict(bool)
    kinds: list[str] = []
    for entity, name, synonyms in names:
        kind = entity.split("::", 1)[0]
        if kind not in {"Compound", "Disease"}:
            continue
        owner = len(ids)
        ids.append(entity)
        kinds.append(kind)
        for position, alias in enumerate((name, *synonyms)):
            if not alias or alias == entity:
                continue
            for phrase, derived in spellings(alias, kind).items():
                rank = 4 if derived else min(position, 1)
                ranks[phrase][owner] = min(rank, ranks[phrase].get(owner, 9))
                shouted[phrase] |= position == 0
    return {phrase: claim for phrase, held in ranks.items() if (claim := _settle(phrase, held, kinds, shouted[phrase]))}


def _settle(
    phrase: tuple[str, ...], held: dict[int, int], kinds: list[str], preferred: bool
) -> tuple[str, tuple[int, ...], bool] | None:
    """Give a spelling to those with the best claim, or to nobody when it means anything or too many."""
    best = min(held.values())
    owners = tuple(sorted(owner for owner, rank in held.items() if rank == best))
    kind = kinds[owners[0]]
    owners = tuple(owner for owner in owners if kinds[owner] == kind)
    if len(owners) > 4 or all(word.isdigit() for word in phrase):
        return None
    if len(phrase) > 1:
        return kind, owners, False
    word = phrase[0]
    if kind == "Compound" and (word in ORDINARY_DRUG or len(word) < 3) and not (preferred and len(word) > 3):
        return None
    if len(word) < 2:
        return None
    ordinary = word in ORDINARY_DISEASE and kind == "Disease"
    if ordinary and len(word) > 4:
        return None
    known = preferred and len(word) > 3 and not ordinary
    wary = ordinary or (len(word) <= 4 and not known and word not in _SAFE_SHORT)
    return kind, owners, wary


_SAFE_SHORT = frozenset({"acne", "gout", "pain", "zinc", "iron", "urea", "talc", "yaws", "rash", "boil", "burn", "tics", "stye", "flu"})
"""Short names that are safe in lower case."""


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
            introduced.setdefault(int(text_of[place]) * len(stream.words) + int(stream.ids[place + 1]), int(table.alias[row]))
    return introduced


def _abbreviates(short: str, long: Sequence[str]) -> bool:
    """Say whether the letters of ``short`` occur in ``long`` in order, beginning with the first letter of one of its words."""
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
