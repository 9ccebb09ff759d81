"""What a name means: exactly one entity, several, or none with suggestions; never a similar name in silence.

The names of salts, isomers and prefix forms (citalopram and escitalopram) are names of different drugs: only spellings
that fold to the same key are the same name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence

from kedrec.graphdb.drkg.files import kind_of
from kedrec.graphdb.names.identifiers import ids_meant
from kedrec.graphdb.names.index import Form, KeyIndex, NameIndex
from kedrec.graphdb.names.kinship import KIN, SHORTER, parts_of, relatives
from kedrec.graphdb.names.normalize import american, fold, fold_loosely
from kedrec.graphdb.names.similarity import BEGINNING, similarity
from kedrec.records import Alternative, Entity, Match, MatchKind

__all__ = ["Resolver"]

ASKED_FOR = ("Compound", "Disease")
"""Kinds that people ask about; they come before others of the same name."""
LIKE_DISEASES = ("Symptom", "Side Effect")
"""Kinds that give way to a disease of the same name."""
FIRST_IDS = re.compile(r"Compound::DB\d+|Disease::MESH:D")
"""DrugBank's ids and MeSH's descriptors; the other ids of a drug or disease of the same name give way to them."""
GLANCED_AT = 4000
"""Keys of similar letters that are compared with a name."""
NEAREST = 250
"""Those of them, and beginnings, that are looked at closely."""
A_SLIP = 85.0
"""Suggestions as similar as this come before a disease whose name is a part of the one asked for."""
FLOOR = 45.0
"""Suggestions less similar than this are left out."""

Visible = Callable[[int], bool]
Rank = tuple[int, bool, str]


class Resolver:
    """Resolves names over one graph.

    Args:
        ids: entity ids.
        names: preferred names in the same order; the id itself if there is none.
        synonyms: gives the other names of the entity at a place.
        place_of: gives the place of an id, None where there is no such entity.
        index: the folded keys of all names.
    """

    def __init__(
        self,
        ids: Sequence[str],
        names: Sequence[str],
        synonyms: Callable[[int], Sequence[str]],
        place_of: Callable[[str], int | None],
        index: NameIndex,
    ) -> None:
        self._ids, self._names, self._synonyms = ids, names, synonyms
        self._place_of, self._index = place_of, index

    def resolve(self, query: str, kinds: Collection[str] | None, limit: int, visible: Visible) -> Match:
        """Return what a name means.

        Args:
            query: an id, a name or a synonym.
            kinds: only entities of these kinds; all where None.
            limit: most alternatives.
            visible: whether the entity at a place is there at all.
        """
        wanted = query.strip()

        def allowed(place: int) -> bool:
            return visible(place) and (not kinds or kind_of(self._ids[place]) in kinds)

        at = self._place_of(wanted)
        by_id = None if at is None or not allowed(at) else Match(query=query, match="exact", entity=self.entity(at))
        found = by_id or self._by_name(query, wanted, allowed, limit)
        if found or limit < 1:
            return found or Match(query=query, match="none")
        return Match(query=query, match="none", alternatives=self._suggested(wanted, allowed, limit))

    def entity(self, place: int) -> Entity:
        """Return the entity at a place."""
        entity_id = self._ids[place]
        return Entity(
            id=entity_id, kind=kind_of(entity_id), name=self._names[place], synonyms=tuple(self._synonyms(place))
        )

    def _by_name(self, query: str, wanted: str, allowed: Visible, limit: int) -> Match | None:
        forms = [form for form in self._index.folded.find(fold(wanted)) if allowed(form[0])]
        forms = forms or self._by_other_id(wanted, allowed)
        # The diseases of this name in another spelling, where only a symptom or side effect has it exactly.
        if not forms or any(kind_of(self._ids[place]) not in LIKE_DISEASES for place, _ in forms):
            diseases_behind = []
        else:
            loose = self._index.loose.find(fold_loosely(wanted))
            diseases_behind = [form for form in loose if kind_of(self._ids[form[0]]) == "Disease" and allowed(form[0])]
        forms += diseases_behind
        kind, owners = self._best_tier(forms, wanted)
        if not owners:
            forms = [form for form in self._index.loose.find(fold_loosely(wanted)) if allowed(form[0])]
            kind, owners = self._loose_tier(forms)
        if not owners:
            return None
        chosen = _chosen([(place, kind_of(self._ids[place])) for place in owners])
        rest = dict.fromkeys([*owners, *(place for place, _ in forms)])
        if chosen is None:
            return Match(query=query, match="ambiguous", alternatives=self._namesakes(owners, limit))
        rest.pop(chosen)
        return Match(query=query, match=kind, entity=self.entity(chosen), alternatives=self._namesakes(rest, limit))

    def _by_other_id(self, wanted: str, allowed: Visible) -> list[Form]:
        """Return what has this id, written otherwise: `DB00107`, `drugbank:DB00107`."""
        places = [self._place_of(entity_id) for entity_id in ids_meant(wanted)]
        return [(place, -1) for place in places if place is not None and allowed(place)]

    def _best_tier(self, forms: Sequence[Form], wanted: str) -> tuple[MatchKind, list[int]]:
        """Return how the name is written at its closest, and whose name that is, without its lesser namesakes."""
        forms = self._without_lesser(forms)
        tiers: dict[tuple[int, MatchKind], list[int]] = {}
        for place, form in forms:
            if form < 0:
                text = self._ids[place]
            else:
                text = self._names[place] if form == 0 else self._synonyms(place)[form - 1]
            same, alike = text == wanted, _caseless(text) == _caseless(wanted)
            tier: tuple[int, MatchKind]
            if form == 0 and alike:
                tier = (0, "exact") if same else (1, "folded")
            elif form > 0 and alike:
                tier = (2, "synonym")
            else:
                tier = (4, "folded") if form == 0 else (5, "folded")
            tiers.setdefault(tier, []).append(place)
        if not tiers:
            return "none", []
        best = min(tiers)
        return best[1], list(dict.fromkeys(tiers[best]))

    def _without_lesser(self, forms: Sequence[Form]) -> Sequence[Form]:
        kinds = {kind_of(self._ids[place]) for place, _ in forms}
        if "Disease" in kinds:
            forms = [form for form in forms if kind_of(self._ids[form[0]]) not in LIKE_DISEASES]
        # An entity with the same name as one with a first id is the same drug or disease: leave it out.
        first = {place for place, _ in forms if FIRST_IDS.match(self._ids[place])}
        called = {self._called(place) for place in first}
        return [form for form in forms if form[0] in first or self._called(form[0]) not in called]

    def _called(self, place: int) -> tuple[str, str]:
        return kind_of(self._ids[place]), fold(self._names[place])

    def _loose_tier(self, forms: Sequence[Form]) -> tuple[MatchKind, list[int]]:
        forms = self._without_lesser(forms)
        preferred = [place for place, form in forms if form == 0]
        return "folded", list(dict.fromkeys(preferred or [place for place, _ in forms]))

    def _namesakes(self, places: Iterable[int], limit: int) -> tuple[Alternative, ...]:
        ordered = sorted(places, key=lambda place: _rank(self._ids[place]))
        return tuple(
            Alternative(id=self._ids[place], name=self._names[place], score=100.0) for place in ordered[:limit]
        )

    def _suggested(self, wanted: str, allowed: Visible, limit: int) -> tuple[Alternative, ...]:
        """Return what an unknown name may mean: its relatives alone, else slips of the pen, shorter names, the rest."""
        found = self._kin(wanted, allowed, limit)
        if any(one.score == KIN for one in found) and not _is_of_a_word(wanted, found):
            return tuple(found)
        similar = self._similar(wanted, allowed, limit)
        slips = [one for one in similar if one.score >= A_SLIP]
        first = {one.id for one in (*slips, *found)}
        found = [one for one in found if one.id not in {slip.id for slip in slips}]
        return (*slips, *found, *(one for one in similar if one.id not in first))[:limit]

    def _kin(self, wanted: str, allowed: Visible, limit: int) -> list[Alternative]:
        """Return the entities of names related to an unknown one, nearest first; shorter names only without others."""
        found: dict[str, Alternative] = {}
        for name, kind in relatives(wanted):
            if kind == "Disease" and found:
                break
            score = SHORTER if kind == "Disease" else KIN
            match = self._by_name(name, name, self._of_kind(allowed, kind), limit)
            if match and match.entity:
                found.setdefault(match.entity.id, Alternative(id=match.entity.id, name=match.entity.name, score=score))
            elif match:
                found |= {one.id: one.model_copy(update={"score": score}) for one in match.alternatives}
        return list(found.values())[:limit]

    def _of_kind(self, allowed: Visible, kind: str | None) -> Visible:
        return lambda place: allowed(place) and (kind is None or kind_of(self._ids[place]) == kind)

    def _similar(self, wanted: str, allowed: Visible, limit: int) -> list[Alternative]:
        """Return the entities with the most similar names, each by its best one; names before synonyms on ties."""
        keys = dict.fromkeys((fold(wanted), fold(american(wanted))))
        if not all(keys):
            return []
        best: dict[int, tuple[float, bool, Rank]] = {}
        for score, place in (one for key in keys for one in _nearest(key, self._index.folded)):
            for entity, form in self._index.folded.at(place):
                if allowed(entity):
                    rank = (-score, form > 0, _rank(self._ids[entity]))
                    best[entity] = min(rank, best.get(entity, rank))
        ordered = sorted(best.items(), key=lambda item: item[1])[:limit]
        return [Alternative(id=self._ids[entity], name=self._names[entity], score=-rank[0]) for entity, rank in ordered]


def _is_of_a_word(wanted: str, found: Sequence[Alternative]) -> bool:
    """Whether the only relative is one side of a hyphen: `3-hydroxy-myristic acid` is no combination."""
    return len(found) == 1 and "-" in wanted and bool(parts_of(wanted))


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _rank(entity_id: str) -> Rank:
    """Return the order of entities that a name fits equally well."""
    kind = kind_of(entity_id)
    order = ASKED_FOR.index(kind) if kind in ASKED_FOR else len(ASKED_FOR)
    return order, not FIRST_IDS.match(entity_id), entity_id


def _chosen(owners: Sequence[tuple[int, str]]) -> int | None:
    """Return the one owner that is meant: the only one, or the only drug or disease among other kinds."""
    if len(owners) == 1:
        return owners[0][0]
    asked_for = [place for place, kind in owners if kind in ASKED_FOR]
    return asked_for[0] if len(asked_for) == 1 else None


def _nearest(key: str, index: KeyIndex) -> list[tuple[float, int]]:
    """Return (similarity 0 to 100, place) of the keys most like one, whole names and beginnings of names."""
    import numpy as np
    from rapidfuzz import fuzz, process

    keys = index.keys
    glanced = index.shapes.like(key, GLANCED_AT)
    roughly = process.cdist([key], [keys[place] for place in glanced.tolist()], scorer=fuzz.ratio, dtype=np.float32)[0]
    places = set(glanced[np.argsort(-roughly, kind="stable")[:NEAREST]].tolist())
    if len(key) >= BEGINNING:
        places.update(index.beginning(key, NEAREST))
    scored = [(similarity(key, keys[place]), place) for place in places]
    return [(score, place) for score, place in scored if score >= FLOOR]
