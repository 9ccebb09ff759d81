"""Link prediction between compounds and diseases, with whole diseases held out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kedrec.errors import UserError
from kedrec.graphdb.drkg.files import kind_of
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.graphdb.link_prediction.kernels import is_therapeutic

__all__ = ["LinkArray", "LinkTask", "link_task"]

LinkArray = NDArray[np.int32]
"""Therapeutic links, shape (links, 2): place of the compound, place of the disease; each once, sorted by disease."""


@dataclass(frozen=True)
class LinkTask:
    """What may be learnt from, and what is asked.

    Nothing in here depends on a hidden edge: a graph that never had it gives the same task.
    """

    ids: tuple[str, ...]
    """Ids of the visible entities, sorted."""
    texts: tuple[tuple[str, ...], ...]
    """Names of each entity, the preferred one first; none where only the id is known."""
    relations: tuple[str, ...]
    """Relations of the triples, sorted."""
    heads: NDArray[np.int32]
    """Place of the head of each triple that may be learnt from: visible, and no Compound–Disease edge, whatever it
    says and either way round, of a disease held out."""
    rels: NDArray[np.int32]
    """Place of its relation."""
    tails: NDArray[np.int32]
    """Place of its tail."""
    train: LinkArray
    """Links of the diseases that are learnt from."""
    valid: LinkArray
    """Links of the diseases by which the best epoch is chosen."""
    test: LinkArray
    """Links of the diseases on which it is measured."""
    candidates: NDArray[np.int64]
    """Places of the compounds with any visible edge, sorted; a true drug is ranked among them."""

    @cached_property
    def kind_names(self) -> tuple[str, ...]:
        """Kinds of the entities, sorted."""
        return tuple(sorted({kind_of(entity_id) for entity_id in self.ids}))

    @cached_property
    def kinds(self) -> NDArray[np.int64]:
        """Place in `kind_names` of each entity's kind."""
        codes = {kind: code for code, kind in enumerate(self.kind_names)}
        return np.array([codes[kind_of(entity_id)] for entity_id in self.ids], np.int64)

    def is_kind(self, kind: str) -> NDArray[np.bool_]:
        """Say of each entity whether it is of a kind."""
        return np.array([name == kind for name in self.kind_names])[self.kinds]

    @cached_property
    def sha256(self) -> str:
        """Hash of all that is learnt from and asked."""
        digest = hashlib.sha256(repr((self.ids, self.texts, self.relations)).encode())
        for array in (self.heads, self.rels, self.tails, self.train, self.valid, self.test, self.candidates):
            digest.update(array.tobytes())
        return digest.hexdigest()


def link_task(
    store: EmbeddedStore, seed: int = 0, *, valid_share: float = 0.1, test_share: float = 0.15, named: bool = True
) -> LinkTask:
    """Draw which diseases are held out, and take away what would give their drugs away.

    Args:
        store: the graph; its hidden pairs stay hidden.
        seed: of the drawing.
        valid_share: share of the diseases with a therapeutic link that the best epoch is chosen by.
        test_share: share of them on which it is measured.
        named: whether names may be learnt from.

    Raises:
        UserError: too few diseases have a visible therapeutic edge.
    """
    places = np.array([i for i, entity_id in enumerate(store.ids) if store.place(entity_id) is not None], np.int64)
    triples = _compact(store, places)
    ids = tuple(store.ids[place] for place in places.tolist())
    drugs, diseases = (np.array([kind_of(name) == kind for name in ids]) for kind in ("Compound", "Disease"))
    links = _links(store, triples, drugs, diseases)
    parts = _split(links, np.random.default_rng([seed, 1]), valid_share, test_share)
    held = np.zeros(len(ids), np.bool_)
    held[np.concatenate((parts[1][:, 1], parts[2][:, 1]))] = True
    heads, rels, tails = triples
    told = (drugs[heads] & held[tails]) | (held[heads] & drugs[tails])
    kept, numbers = np.unique(rels[~told], return_inverse=True)
    return LinkTask(
        ids=ids,
        texts=tuple(_texts(store, place) if named else () for place in places.tolist()),
        relations=tuple(store.relations[place] for place in kept.tolist()),
        heads=heads[~told],
        rels=numbers.astype(np.int32),
        tails=tails[~told],
        train=parts[0],
        valid=parts[1],
        test=parts[2],
        candidates=np.flatnonzero(np.bincount(np.concatenate((heads, tails)), minlength=len(ids)).astype(bool) & drugs),
    )


def _compact(store: EmbeddedStore, places: NDArray[np.int64]) -> tuple[NDArray[np.int32], ...]:
    """Return heads, relations and tails of the visible triples, entities numbered by their order in `places`."""
    number = np.full(len(store.ids), -1, np.int32)
    number[places] = np.arange(len(places), dtype=np.int32)
    kept = store.visible_triples()
    return number[store.heads[kept]], np.asarray(store.rels[kept], np.int32), number[store.tails[kept]]


def _texts(store: EmbeddedStore, place: int) -> tuple[str, ...]:
    name = store.names[place]
    return (*([name] if name != store.ids[place] else []), *store.synonyms(place))


def _links(
    store: EmbeddedStore,
    triples: tuple[NDArray[np.int32], ...],
    drugs: NDArray[np.bool_],
    diseases: NDArray[np.bool_],
) -> LinkArray:
    heads, rels, tails = triples
    good = np.array([is_therapeutic(relation) for relation in store.relations], np.bool_)[rels]
    onward, back = (good & drugs[one] & diseases[other] for one, other in ((heads, tails), (tails, heads)))
    pairs = np.concatenate(
        (np.stack((tails[onward], heads[onward]), axis=1), np.stack((heads[back], tails[back]), axis=1))
    )
    return np.ascontiguousarray(np.unique(pairs, axis=0)[:, ::-1])


def _split(
    links: LinkArray, rng: np.random.Generator, valid_share: float, test_share: float
) -> tuple[LinkArray, LinkArray, LinkArray]:
    diseases = rng.permutation(np.unique(links[:, 1]))
    tested, checked = (int(np.ceil(share * len(diseases))) for share in (test_share, valid_share))
    if len(diseases) - tested - checked < 1:
        raise UserError(
            f"{len(diseases)} diseases have a visible therapeutic edge; holding out {tested} to test and {checked} to "
            "validate leaves none to learn from. Load more of the graph, hide fewer pairs or hold out less."
        )
    parts = diseases[tested + checked :], diseases[tested : tested + checked], diseases[:tested]
    train, valid, test = (links[np.isin(links[:, 1], part)] for part in parts)
    return train, valid, test
