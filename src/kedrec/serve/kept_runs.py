"""The runs over many pairs that the server shows, each with how far it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.journal import ResultRow
from kedrec.errors import NotReady
from kedrec.serve.results import PairsRun

__all__ = ["KeptRuns"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
"""Names of runs that are shown."""


class KeptRuns:
    """Finds runs by the names of their folders.

    Args:
        folder: the folder that the runs' folders stand in; need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self) -> tuple[PairsRun, ...]:
        """All of them, by name."""
        return tuple(map(self.get, self._names()))

    def get(self, name: str) -> PairsRun:
        """One of them, and how far it is.

        Raises:
            NotReady: where there is none of that name.
        """
        found = self._run(name)
        info = found.info()
        return PairsRun(
            name=name, model=info.model, setting=info.setting, hide_pairs=info.hide_pairs, status=found.status()
        )

    def rows(self, name: str, failed: bool | None, after: int, limit: int) -> Sequence[ResultRow]:
        """Rows of a run in the order of their ids.

        Args:
            name: of the run.
            failed: only those that failed, or only those that did not; all where None.
            after: so many are left out first.
            limit: most rows.

        Raises:
            NotReady: where there is no such run.
        """
        rows = sorted(self._run(name).rows().values(), key=lambda row: row.pair_id)
        return [row for row in rows if failed is None or (row.error is not None) == failed][after : after + limit]

    def _names(self) -> Sequence[str]:
        """What stands in the folder and is a run; a client's name is only ever looked up among these."""
        if not self._folder.is_dir():
            return []
        return sorted(
            path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name) and (path / "run.json").is_file()
        )

    def _run(self, name: str) -> RunFolder:
        if name not in self._names():
            raise NotReady(f"There is no run {name!r} here. Runs: {', '.join(self._names()) or 'none'}.")
        return RunFolder(self._folder / name)
