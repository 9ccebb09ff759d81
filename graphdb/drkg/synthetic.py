"""A graph of DRKG's size and shape that holds no knowledge, to measure and to try things with.

Entities and triples are as many as DRKG has of each kind and relation, no triple comes twice and no entity is without
one; who is linked to whom is drawn. How often an entity is drawn falls with its rank by Zipf's law in Mandelbrot's
form, 1 / (rank + √n): a few entities have thousands of neighbours, most have few.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from kedrec.arrays import Indices
from kedrec.errors import UserError, WorkError
from kedrec.graphdb.drkg.published_counts import ENTITIES, RELATIONS, ends_of
from kedrec.graphdb.drkg.synthetic_names import entity_id_of, names_row
from kedrec.records import Record

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SyntheticGraph", "SyntheticReport", "write_synthetic"]

OnTriples = Callable[[str, int, int], None]
"""Called with the relation, and with how many of how many triples are written."""
DENSEST = 4
"""At most one in so many of all possible pairs is drawn for a relation; DRKG itself stays far below."""
SPARE = 4
"""One in so many is drawn besides, for those that are there already."""
FLATTENING = 0.8
"""By how much the law's exponent shrinks each time that pairs drawn were there already."""
LEVEL = 4
"""Of gzip: a little larger than usual, in a third of the time."""


class SyntheticReport(Record):
    """What was written."""

    triples_file: str
    """Where the triples are."""
    names_file: str
    """Where the names are."""
    entities: int
    """Number of entities."""
    triples: int
    """Number of triples, each of them once."""
    relations: int
    """Number of relations."""
    seed: int
    """What the drawing began with."""
    scale: float
    """Size as a share of DRKG's."""


@dataclass(frozen=True)
class SyntheticGraph:
    """The graph that a seed and a size determine."""

    seed: int = 0
    """What the drawing begins with."""
    scale: float = 1.0
    """Size as a share of DRKG's; 1 gives its very counts."""

    @cached_property
    def ids(self) -> dict[str, list[str]]:
        """Entity ids by kind."""
        sizes = {kind: max(2, round(n * self.scale)) for kind, n in ENTITIES.items()}
        return {kind: [entity_id_of(kind, number) for number in range(1, n + 1)] for kind, n in sizes.items()}

    @property
    def entities(self) -> int:
        """Number of entities."""
        return sum(map(len, self.ids.values()))

    def triples(self) -> Iterator[tuple[str, Indices, Indices]]:
        """Yield each relation with the places of heads and tails among the ids of their kinds, in random order."""
        chance = np.random.default_rng(self.seed)
        ranks = {kind: chance.permutation(len(ids)) for kind, ids in self.ids.items()}
        main = {kind: max((r for r in RELATIONS if kind in ends_of(r)), key=RELATIONS.__getitem__) for kind in ranks}
        for relation, published in RELATIONS.items():
            head, tail = ends_of(relation)
            count = min(max(1, round(published * self.scale)), -(-len(ranks[head]) * len(ranks[tail]) // DENSEST))
            covered = (main[head] == relation, main[tail] == relation and tail != head)
            pairs = _distinct_pairs(chance, count, ranks[head], ranks[tail], covered)
            yield relation, pairs // len(ranks[tail]), pairs % len(ranks[tail])


def _distinct_pairs(
    chance: np.random.Generator, count: int, heads: Indices, tails: Indices, covered: tuple[bool, bool]
) -> Indices:
    """Draw pairs, as head times number of tails plus tail, each once, in random order.

    Args:
        chance: where numbers come from.
        count: how many; more, where it takes more to cover everyone.
        heads: places of the heads, the one drawn most often first.
        tails: places of the tails likewise.
        covered: whether each head, and whether each tail, comes at least once.
    """
    pairs, exponent = np.zeros(0, np.int64), 1.0
    if covered[0]:
        pairs = np.arange(len(heads)) * len(tails) + _draw(chance, tails, len(heads), exponent)
    if covered[1]:
        pairs = np.union1d(pairs, _draw(chance, heads, len(tails), exponent) * len(tails) + np.arange(len(tails)))
    while (missing := count - len(pairs)) > 0:
        more = missing + missing // SPARE + 1
        drawn = _draw(chance, heads, more, exponent) * len(tails) + _draw(chance, tails, more, exponent)
        pairs = np.concatenate([pairs, chance.permutation(np.setdiff1d(drawn, pairs))[:missing]])
        exponent *= FLATTENING
    return chance.permutation(pairs)


def _draw(chance: np.random.Generator, ranked: Indices, count: int, exponent: float) -> Indices:
    """Draw places by the law, those that rank first most often."""
    weights = (np.arange(len(ranked)) + 1 + len(ranked) ** 0.5) ** -exponent
    ends = np.cumsum(weights)
    drawn: Indices = ranked[np.searchsorted(ends, chance.random(count) * ends[-1]).clip(max=len(ranked) - 1)]
    return drawn


def write_synthetic(
    triples: Path, names: Path, seed: int = 0, scale: float = 1.0, on_progress: OnTriples | None = None
) -> SyntheticReport:
    """Write the graph of a seed in the form that `kedrec graph load` reads; the same seed gives the same bytes.

    Args:
        triples: file for the triples, gzipped where its name ends in `.gz`.
        names: file for the names likewise.
        seed: what the drawing begins with.
        scale: size as a share of DRKG's.
        on_progress: called for each relation.

    Raises:
        UserError: the scale is not above 0, or the two files are one.
        WorkError: a file cannot be written; nothing is left under its name.
    """
    if scale <= 0:
        raise UserError(f"The scale is a share of DRKG's size, above 0, not {scale:g}.")
    if triples.resolve() == names.resolve():
        raise UserError(f"Triples and names cannot both go to {triples}; give --names another file.")
    graph = SyntheticGraph(seed, scale)
    try:
        with _new_file(names) as handle:
            handle.write("".join(_names_lines(graph)).encode())
        with _new_file(triples) as handle:
            written = _write_triples(graph, handle, on_progress or _silent)
    except OSError as error:
        raise WorkError(f"The graph could not be written: {error}.") from error
    return SyntheticReport(
        triples_file=str(triples),
        names_file=str(names),
        entities=graph.entities,
        triples=written,
        relations=len(RELATIONS),
        seed=seed,
        scale=scale,
    )


def _silent(stage: str, done: int, total: int) -> None:
    """Say nothing."""


def _names_lines(graph: SyntheticGraph) -> Iterator[str]:
    yield "id\tname\tsynonyms\n"
    everyone = ((kind, entity_id) for kind, ids in graph.ids.items() for entity_id in ids)
    for number, (kind, entity_id) in enumerate(everyone):
        yield f"{entity_id}\t{names_row(kind, number)}\n"


def _write_triples(graph: SyntheticGraph, handle: IO[bytes], on_progress: OnTriples) -> int:
    import polars as pl

    ids = {kind: pl.Series(values) for kind, values in graph.ids.items()}
    written, total = 0, round(sum(RELATIONS.values()) * graph.scale)
    for relation, heads, tails in graph.triples():
        on_progress(relation, written, total)
        head, tail = ends_of(relation)
        handle.write(_lines(ids[head].gather(heads), relation, ids[tail].gather(tails)))
        written += len(heads)
    on_progress("done", written, written)
    return written


def _lines(heads: pl.Series, relation: str, tails: pl.Series) -> bytes:
    import polars as pl

    frame = pl.DataFrame({"head": heads, "tail": tails}).select("head", pl.lit(relation).alias("relation"), "tail")
    return frame.write_csv(None, include_header=False, separator="\t", quote_style="never").encode()


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write, gzipped where its name says so, that has its name only when all is written."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with staged.open("wb") as plain:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", LEVEL, plain, mtime=0) as packed:
                    yield cast(IO[bytes], packed)
            else:
                yield plain
            plain.flush()
            os.fsync(plain.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
