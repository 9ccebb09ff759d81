"""The runs over many pairs that the home knows: how far they are, and what was chosen. A client never names a path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from kedrec.agents.traces.locate import places
from kedrec.distill.runs.folder import RunFolder, RunInfo, RunStatus
from kedrec.errors import KedrecError, NotReady
from kedrec.records import Record

__all__ = ["BatchAgreement", "BatchRow", "KnownBatch", "agreements", "batch", "batch_names", "batches", "rows_of_batch"]


class KnownBatch(Record):
    """A run over many pairs."""

    name: str
    """By which it is asked for: the folder's own name, and outside the home's `runs` six digits that only it has."""
    info: RunInfo
    """What it is a run of."""
    status: RunStatus
    """How far it is."""


class BatchRow(Record):
    """One question of a batch."""

    pair_id: str
    """Its id."""
    disease: str
    """Name of the disease, or its id."""
    drugs: tuple[str, ...]
    """Names of the candidates, or their ids."""
    outcome: str
    """Name of the chosen drug, why there is none, or how it failed; empty while it is open."""
    failed: bool
    """Whether it failed."""
    trace_id: str | None
    """Its trace."""


class BatchAgreement(Record):
    """Two batches over the same pairs."""

    first: str
    """Name of the one."""
    second: str
    """Name of the other."""
    both: int
    """Pairs on which both have chosen."""
    same: int
    """Of which both chose the same drug."""


def batch_names(home: Path) -> dict[str, RunFolder]:
    """Every run that the home knows and that is still there, the latest noted first."""
    folders = [traces.parent for traces in reversed(list(places(home / "traces")))]
    below = [path for path in sorted((home / "runs").glob("*")) if path.resolve() not in folders]
    found = {_name(path, home): RunFolder(path) for path in (*folders, *below)}
    return {name: folder for name, folder in found.items() if folder.info_file.is_file()}


def _name(folder: Path, home: Path) -> str:
    if folder.parent == (home / "runs").resolve() and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}", folder.name):
        return folder.name
    plain = re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-")[:40] or "run"
    return f"{plain}-{hashlib.sha256(str(folder).encode('utf-8', 'surrogateescape')).hexdigest()[:6]}"


def batches(home: Path) -> tuple[KnownBatch, ...]:
    """All batches that can be read."""
    return tuple(_readable(home))


def _readable(home: Path) -> Iterator[KnownBatch]:
    for name, folder in batch_names(home).items():
        try:
            yield KnownBatch(name=name, info=folder.info(), status=folder.status())
        except (KedrecError, OSError, ValueError):
            continue


def batch(home: Path, name: str) -> KnownBatch:
    """One batch.

    Raises:
        NotReady: the home knows none of that name.
    """
    folder = _folder(home, name)
    return KnownBatch(name=name, info=folder.info(), status=folder.status())


def rows_of_batch(home: Path, name: str, named: Callable[[str], str]) -> list[BatchRow]:
    """The questions of a batch in their order, those that are still open included.

    Args:
        home: the home.
        name: of the batch.
        named: name of an entity, for those that the pairs name by id alone.

    Raises:
        NotReady: the home knows none of that name.
    """
    folder = _folder(home, name)
    rows, made = folder.rows(), []
    for pair in folder.questions().questions:
        row = rows.get(pair.id)
        names = {drug.id: drug.name or named(drug.id) for drug in pair.candidates}
        error = row.error["type"] if row and row.error else ""
        chosen = names.get(row.choice or "", row.choice or f"no choice: {row.abstained}") if row else ""
        made.append(
            BatchRow(
                pair_id=pair.id,
                disease=pair.disease.name or named(pair.disease.id),
                drugs=tuple(names.values()),
                outcome=error or chosen,
                failed=bool(error),
                trace_id=row.trace_id if row else None,
            )
        )
    return made


def _folder(home: Path, name: str) -> RunFolder:
    found = batch_names(home).get(name)
    if found is None:
        raise NotReady(f"The home knows no batch {name!r}. `kedrec runs start PAIRS.jsonl --out DIR` makes one.")
    return found


def agreements(home: Path) -> list[BatchAgreement]:
    """How often two batches over the same pairs choose the same drug."""
    known = {name: folder for name, folder in batch_names(home).items() if _is_readable(folder)}
    choices = {name: {key: row.choice for key, row in folder.rows().items()} for name, folder in known.items()}
    pairs = {name: folder.info().pairs_sha256 for name, folder in known.items()}
    return [
        _agreement(a, b, choices[a], choices[b]) for a, b in combinations(reversed(known), 2) if pairs[a] == pairs[b]
    ]


def _agreement(a: str, b: str, first: dict[str, str | None], second: dict[str, str | None]) -> BatchAgreement:
    chosen = [key for key in first if first[key] and second.get(key)]
    same = sum(first[key] == second[key] for key in chosen)
    return BatchAgreement(first=a, second=b, both=len(chosen), same=same)


def _is_readable(folder: RunFolder) -> bool:
    try:
        folder.info(), folder.rows()
    except (KedrecError, OSError, ValueError):
        return False
    return True
