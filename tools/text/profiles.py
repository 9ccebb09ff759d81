"""What is written about each drug and each disease, as vectors.

Two things are alike when the same is written about them, even where no text names both. A record (or a sentence) is a
bag of
words; latent semantic analysis brings the bags to a few hundred directions; an entity's profile is the mean over what
names it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kedrec.tools.text.pair_record_counts import FIELDS, PairCounts
from kedrec.tools.text.tokens import TokenStream, sentence_numbers
from kedrec.tools.text.zones import EntityRows

__all__ = ["Profiles", "build_profiles"]

DIRECTIONS = 200
"""Directions of the word space."""
TIES = 60
"""Directions of the space of co-mentions."""


@dataclass(frozen=True)
class Profiles:
    """Vectors of all entities from one corpus; zero rows where nothing is written."""

    records: NDArray[np.float32]
    """From the records that name the entity, unit length, shape (entities, DIRECTIONS)."""
    sentences: NDArray[np.float32]
    """From the sentences that name it, unit length, shape (entities, DIRECTIONS)."""
    drug_ties: NDArray[np.float32]
    """A drug's place in the space of co-mentions, shape (entities, TIES)."""
    disease_ties: NDArray[np.float32]
    """A disease's place in the same space, shape (entities, TIES)."""


@dataclass(frozen=True)
class _Words:
    """The words that count, and their weights."""

    column: NDArray[np.int64]
    """Column of each vocabulary entry, -1 where the word does not count."""
    rarity: NDArray[np.float32]
    """Inverse document frequency of each column."""


def build_profiles(stream: TokenStream, rows: EntityRows, pairs: PairCounts, entities: int) -> Profiles:
    """Build the profiles of all entities from one corpus.

    Args:
        stream: Tokens of all records.
        rows: Mentions by entity.
        pairs: Co-mentions of the same corpus.
        entities: Number of entities.

    Returns:
        The profiles.
    """
    empty = np.zeros((entities, DIRECTIONS), np.float32), np.zeros((entities, TIES), np.float32)
    if not len(pairs.keys):
        return Profiles(empty[0], empty[0], empty[1], empty[1])
    bags, words = _bags(stream)
    left, right = _directions(bags, DIRECTIONS)
    records = _unit(_record_weights(rows, entities, bags.shape[0]) @ left)
    sentences = _sentence_profiles(stream, rows, words, right, entities)
    drug_ties, disease_ties = _ties(pairs, entities)
    return Profiles(records, sentences, drug_ties, disease_ties)


def _bags(stream: TokenStream) -> tuple[sparse.csr_matrix, _Words]:
    """Return records by words, weighted and of unit length, and the words."""
    index: dict[str, int] = {}
    column = np.array([index.setdefault(word, len(index)) for word in stream.folded()], dtype=np.int64)
    shape = (len(stream.starts) - 1, len(index))
    counts = sparse.csr_matrix((np.ones(len(stream.ids), np.float32), (stream.text_of(), column[stream.ids])), shape)
    frequency = np.bincount(counts.indices, minlength=shape[1])
    plain = np.array([word[0].isalpha() and len(word) > 2 for word in index], dtype=bool)
    least = 5 if shape[0] > 2_000 else 1
    good = np.flatnonzero(plain & (frequency >= least) & (frequency <= max(shape[0] * 0.15, 3)))
    rarity = np.log((1 + shape[0]) / frequency[good]).astype(np.float32)
    place = np.full(shape[1], -1, np.int64)
    place[good] = np.arange(len(good))
    bags = sparse.csr_matrix(counts[:, good])
    bags.data = (1 + np.log(bags.data)) * rarity[bags.indices]
    return _unit_rows(bags), _Words(place[column], rarity)


def _unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Bring the rows of a sparse matrix to unit length in place."""
    squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    scale = (1 / np.sqrt(np.where(squares > 0, squares, 1))).astype(np.float32)
    matrix.data *= np.repeat(scale, np.diff(matrix.indptr))
    return matrix


def _unit(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring rows to unit length; zero rows stay."""
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(length > 0, length, 1), np.float32)


def _directions(matrix: sparse.csr_matrix, rank: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return rows times directions (rows, rank) and the directions (columns, rank).

    Where there are fewer directions than asked for, zeros fill the rest.

    Subspace iteration from a fixed start, so that the same matrix always gives the same directions.
    """
    size = min(rank, *matrix.shape)
    wide = min(size + 10, *matrix.shape)
    start = np.random.default_rng(0).standard_normal((matrix.shape[1], wide)).astype(np.float32)
    basis = _orthonormal(matrix @ start)
    for _ in range(3):
        basis = _orthonormal(matrix @ _orthonormal(matrix.T @ basis))
    left, scale, right = np.linalg.svd(basis.T @ matrix, full_matrices=False)
    rows = (basis @ left)[:, :size] * scale[:size]
    pad = ((0, 0), (0, rank - size))
    return np.pad(rows, pad).astype(np.float32), np.pad(right[:size].T, pad).astype(np.float32)


def _orthonormal(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return orthonormal columns that span the same space, by way of their small Gram matrix; empty ones stay zero."""
    gram = (columns.T @ columns).astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    scale = np.where(values > values[-1] * 1e-10, 1 / np.sqrt(np.maximum(values, 1e-300)), 0)
    return np.asarray(columns @ (vectors * scale).astype(np.float32), np.float32)


def _record_weights(rows: EntityRows, entities: int, records: int) -> sparse.csr_matrix:
    """Return entities by records: how much a record is about an entity, less where it names many of its kind."""
    unique, first, times = np.unique(
        rows.text.astype(np.int64) * entities + rows.entity, return_index=True, return_counts=True
    )
    text, entity, drug = unique // entities, unique % entities, rows.drug[first]
    rivals = np.where(
        drug, np.bincount(text[drug], minlength=records)[text], np.bincount(text[~drug], minlength=records)[text]
    )
    weight = ((1 + np.log(times)) / np.sqrt(rivals)).astype(np.float32)
    return sparse.csr_matrix((weight, (entity, text)), (entities, records))


def _sentence_profiles(
    stream: TokenStream, rows: EntityRows, words: _Words, directions: NDArray[np.float32], entities: int
) -> NDArray[np.float32]:
    """Return profiles from the words of the sentences that name each entity."""
    sentence = sentence_numbers(stream)
    column = words.column[stream.ids]
    known = column >= 0
    count = int(sentence[-1]) + 1
    bags = sparse.csr_matrix(
        (words.rarity[column[known]], (sentence[known], column[known])), (count, len(words.rarity))
    )
    unique = np.unique(rows.sentence.astype(np.int64) * entities + rows.entity)
    naming = sparse.csr_matrix(
        (np.ones(len(unique), np.float32), (unique % entities, unique // entities)), (entities, count)
    )
    context = sparse.csr_matrix(naming @ bags)
    context.data = np.sqrt(context.data)
    return _unit(_unit_rows(context) @ directions)


def _ties(pairs: PairCounts, entities: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the places of drugs and diseases in the main directions of their positive pointwise mutual information."""
    drug, disease = pairs.keys // entities, pairs.keys % entities
    fair = pairs.counts[:, FIELDS.index("fair")].astype(np.float64)
    by_drug, by_disease = np.bincount(drug, fair, entities), np.bincount(disease, fair, entities)
    surprise = np.log(fair * fair.sum() / (by_drug[drug] * by_disease[disease]))
    value = (np.maximum(surprise, 0) * np.minimum(1, fair / 0.5)).astype(np.float32)
    drugs, drug_place = np.unique(drug, return_inverse=True)
    diseases, disease_place = np.unique(disease, return_inverse=True)
    matrix = sparse.csr_matrix((value, (drug_place, disease_place)), (len(drugs), len(diseases)))
    left, right = _directions(matrix, TIES)
    strength = np.sqrt(np.maximum(np.linalg.norm(left, axis=0), 1e-9)).astype(np.float32)
    places = np.zeros((2, entities, TIES), np.float32)
    places[0, drugs] = left / strength
    places[1, diseases] = right * strength
    return places[0], places[1]
