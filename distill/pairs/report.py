"""Writes drawn pairs with a report beside them; never over other pairs unless asked to."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from kedrec.atomic_file import write_whole
from kedrec.distill.pairs.drawn import Drawn, PairsWanted, PassedOver
from kedrec.distill.pairs.popularity import Popularity, Spread, popularity, spread
from kedrec.errors import UserError
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.records import Record

__all__ = [
    "DrawnFrom",
    "DrugCount",
    "PairsReport",
    "SplitSize",
    "check_place",
    "report_on",
    "report_path",
    "write_pairs",
]


class DrawnFrom(Record):
    """What the pairs were drawn from."""

    graph_sha256: str
    """Hash of the graph's files."""
    embeddings_sha256: str
    """Hash of the embeddings."""
    ontology_sha256: tuple[str, ...] = ()
    """Hashes of the ontology's files."""


class SplitSize(Record):
    """Size of a split."""

    pairs: int
    """Number of pairs."""
    diseases: int
    """Number of diseases; none is in another split."""


class DrugCount(Record):
    """How often a drug was drawn."""

    id: str
    """Compound id."""
    name: str
    """Its name."""
    answer: int
    """As the relevant one."""
    negative: int
    """As the irrelevant one."""


class PairsReport(Record):
    """What was drawn, and which shortcuts the pairs leave open."""

    wanted: PairsWanted
    """What was asked for."""
    drawn_from: DrawnFrom
    """From what."""
    pairs_sha256: str
    """Hash of the pairs file."""
    splits: dict[str, SplitSize]
    """Size of `train`, `dev` and `test`."""
    relevant: int
    """How many (disease, drug) of the graph are relevant and can be asked about."""
    drugs_with_vector: int
    """Drugs of the graph that the embeddings know."""
    relations: dict[str, int]
    """Relation -> pairs whose relevant drug it speaks for."""
    similarity: Spread
    """Cosine between the two drugs of a pair."""
    other_edges: int
    """Pairs whose irrelevant drug has an edge to the disease that speaks for no therapy."""
    popularity: Popularity
    """What popularity alone says of the answers."""
    drugs: tuple[DrugCount, ...]
    """Every drug drawn, the most often drawn first."""
    passed_over: PassedOver
    """`drugs` (of the graph), `relevant` (edges) and `irrelevant` (nearer drugs) -> reason -> how many."""


def report_on(drawn: Drawn, wanted: PairsWanted, drawn_from: DrawnFrom) -> PairsReport:
    """Describe drawn pairs; at least one."""
    other_edges = sum(bool(drawn.uses.stated(pair.irrelevant, pair.disease)) for pair in drawn.drawings)
    counted = Counter(name for pair in drawn.pairs for name in set(pair.sources) if is_therapeutic(name))
    found = {}
    for split in ("train", "dev", "test"):
        diseases = [pair.disease.id for pair in drawn.pairs if pair.split == split]
        found[split] = SplitSize(pairs=len(diseases), diseases=len(set(diseases)))
    return PairsReport(
        wanted=wanted,
        drawn_from=drawn_from,
        pairs_sha256=hashlib.sha256(_content(drawn).encode()).hexdigest(),
        splits=found,
        relevant=drawn.relevant,
        drugs_with_vector=drawn.with_vector,
        relations=dict(sorted(counted.items())),
        similarity=spread([pair.similarity for pair in drawn.pairs]),
        other_edges=other_edges,
        popularity=popularity(drawn.drawings, drawn.uses),
        drugs=_counts(drawn),
        passed_over=drawn.passed_over,
    )


def _counts(drawn: Drawn) -> tuple[DrugCount, ...]:
    names = {drug.id: drug.name for pair in drawn.pairs for drug in pair.candidates}
    answers = Counter(pair.answer for pair in drawn.pairs)
    seen = Counter(drug.id for pair in drawn.pairs for drug in pair.candidates)
    return tuple(
        DrugCount(id=drug, name=names[drug], answer=answers[drug], negative=seen[drug] - answers[drug])
        for drug in sorted(seen, key=lambda drug: (-seen[drug], drug))
    )


def check_place(path: Path) -> None:
    """Refuse a place that pairs cannot be written to, before any work is done.

    Raises:
        UserError: it is a folder, or its name says that it is compressed.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file: --out {path / 'pairs.jsonl'}")
    if path.suffix == ".gz":
        raise UserError(f"Pairs are written uncompressed; name a file without .gz: --out {path.with_suffix('')}")


def write_pairs(path: Path, drawn: Drawn, report: PairsReport, *, replace: bool = False) -> bool:
    """Write the pairs as JSON lines, and before them their report.

    Args:
        path: the pairs file; its folder is made where it is missing.
        drawn: the pairs.
        report: written beside them, see `report_path`.
        replace: write over other pairs.

    Returns:
        Whether the very same pairs stood there already.

    Raises:
        UserError: other content stands there, and `replace` was not said.
    """
    check_place(path)
    content = _content(drawn)
    there = path.read_bytes() if path.exists() else None
    same = there == content.encode()
    if there is not None and not same and not replace:
        raise UserError(f"{path} holds something else. Name another --out, or say --force to replace it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(report_path(path), [report.model_dump_json(indent=1) + "\n"])
    if not same:
        write_whole(path, [content])
    return same


def report_path(path: Path) -> Path:
    """Return where the report of a pairs file stands: `pairs.report.json` beside `pairs.jsonl`."""
    return path.with_suffix(".report.json")


def _content(drawn: Drawn) -> str:
    return "".join(f"{pair.model_dump_json()}\n" for pair in drawn.pairs)
