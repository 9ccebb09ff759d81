"""The runs over many pairs that are shown: how far they are, and what was chosen. A client never names a path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path

from kedrec.agents.traces.locate import places
from kedrec.distill.runs.folder import RunFolder, RunInfo, RunStatus
from kedrec.distill.runs.journal import ResultRow
from kedrec.errors import KedrecError, NotReady
from kedrec.records import Record
from kedrec.records.verdict import no_choice

__all__ = ["KeptRun", "KeptRuns", "RunAgreement", "RunQuestion"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
"""Names of folders by which runs are asked for as they are."""


class KeptRun(Record):
    """A run over many pairs."""

    name: str
    """By which it is asked for: the folder's own name, and elsewhere than in the folder of runs six digits more."""
    info: RunInfo
    """What it is a run of."""
    status: RunStatus
    """How far it is."""


class RunQuestion(Record):
    """One question of a run."""

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


class RunAgreement(Record):
    """Two runs over the same pairs."""

    first: str
    """Name of the one."""
    second: str
    """Name of the other."""
    both: int
    """Pairs on which both have chosen."""
    same: int
    """Of which both chose the same drug."""


class KeptRuns:
    """Finds runs by name: those in a folder of runs, and those elsewhere whose traces a home has noted.

    Args:
        home: the home.
        folder: the folder that the runs' folders stand in; need not exist.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self._home, self._folder = home, folder

    def list(self) -> tuple[KeptRun, ...]:
        """All that can be read, the latest noted first."""
        return tuple(self._readable())

    def get(self, name: str) -> KeptRun:
        """One of them, and how far it is.

        Raises:
            NotReady: no run has that name.
        """
        folder = self._run(name)
        return KeptRun(name=name, info=folder.info(), status=folder.status())

    def rows(self, name: str, failed: bool | None, after: int, limit: int) -> Sequence[ResultRow]:
        """Rows of a run in the order of their ids.

        Args:
            name: of the run.
            failed: only those that failed, or only those that did not; all where None.
            after: so many are left out first.
            limit: most rows.

        Raises:
            NotReady: no run has that name.
        """
        rows = sorted(self._run(name).rows().values(), key=lambda row: row.pair_id)
        return [row for row in rows if failed is None or (row.error is not None) == failed][after : after + limit]

    def questions(self, name: str, named: Callable[[str], str]) -> Sequence[RunQuestion]:
        """The questions of a run in their order, those that are still open included.

        Args:
            name: of the run.
            named: name of an entity, for those that the pairs name by id alone.

        Raises:
            NotReady: no run has that name.
        """
        folder = self._run(name)
        rows, made = folder.rows(), []
        for pair in folder.questions().questions:
            row = rows.get(pair.id)
            names = {drug.id: drug.name or named(drug.id) for drug in pair.candidates}
            error = row.error["type"] if row and row.error else ""
            none = no_choice(row.leaning, row.abstained) if row else ""
            chosen = names.get(row.choice or "", row.choice or none) if row else ""
            made.append(
                RunQuestion(
                    pair_id=pair.id,
                    disease=pair.disease.name or named(pair.disease.id),
                    drugs=tuple(names.values()),
                    outcome=error or chosen,
                    failed=bool(error),
                    trace_id=row.trace_id if row else None,
                )
            )
        return made

    def agreements(self) -> Sequence[RunAgreement]:
        """How often two runs over the same pairs choose the same drug; what cannot be read is passed over."""
        pairs, choices = dict[str, str](), dict[str, dict[str, str | None]]()
        for name, folder in self._folders().items():
            with suppress(KedrecError, OSError, ValueError):
                choices[name] = {key: row.choice for key, row in folder.rows().items()}
                pairs[name] = folder.info().pairs_sha256
        alike = [(a, b) for a, b in combinations(reversed(pairs), 2) if pairs[a] == pairs[b]]
        return [_agreement(a, b, choices[a], choices[b]) for a, b in alike]

    def _readable(self) -> Iterator[KeptRun]:
        for name, folder in self._folders().items():
            with suppress(KedrecError, OSError, ValueError):
                yield KeptRun(name=name, info=folder.info(), status=folder.status())

    def _folders(self) -> dict[str, RunFolder]:
        """Every run that is still there; a client's name is only ever looked up among these."""
        noted = [traces.parent for traces in reversed(list(places(self._home / "traces")))]
        below = [path for path in sorted(self._folder.glob("*")) if path.resolve() not in noted]
        found = {self._name(path): RunFolder(path) for path in (*noted, *below)}
        return {name: folder for name, folder in found.items() if folder.info_file.is_file()}

    def _name(self, path: Path) -> str:
        if path.parent.resolve() == self._folder.resolve() and _NAME.fullmatch(path.name):
            return path.name
        plain = re.sub(r"[^A-Za-z0-9]+", "-", path.name).strip("-")[:40] or "run"
        return f"{plain}-{hashlib.sha256(str(path).encode('utf-8', 'surrogateescape')).hexdigest()[:6]}"

    def _run(self, name: str) -> RunFolder:
        folders = self._folders()
        if name not in folders:
            known = f"Runs: {', '.join(folders)}" if folders else "`kedrec runs start PAIRS.jsonl --out DIR` makes one"
            raise NotReady(f"There is no run {name!r} here. {known}.")
        return folders[name]


def _agreement(a: str, b: str, first: dict[str, str | None], second: dict[str, str | None]) -> RunAgreement:
    chosen = [key for key in first if first[key] and second.get(key)]
    same = sum(first[key] == second[key] for key in chosen)
    return RunAgreement(first=a, second=b, both=len(chosen), same=same)
