"""Runs that were made before: their traces stand in for asking the same questions again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kedrec.agents.traces.store import TraceStore
from kedrec.distill.pairs.pairs_file import Pair
from kedrec.distill.runs.folder import RunFolder, RunInfo, trace_of
from kedrec.errors import UserError
from kedrec.records import Corpora, Trace

__all__ = ["AskedPair", "RecordedRuns", "question_of"]

AskedPair = tuple[str, tuple[str, ...]]


def question_of(pair: Pair) -> AskedPair:
    """What is asked: disease and candidates by their ids, in order."""
    return pair.disease.id, tuple(drug.id for drug in pair.candidates)


@dataclass(frozen=True)
class _Run:
    folder: RunFolder
    info: RunInfo
    questions: tuple[Pair, ...]
    misfit: str


class RecordedRuns:
    """The runs in some folders.

    A run counts where it was made over the same graph and literature, with the edges of all its own pairs hidden.

    Args:
        folders: of runs, as `runs start` makes them.
        graph: hash of the graph.
        literature: hash of the literature; empty where there is none.

    Raises:
        UserError: a folder holds no run.
    """

    def __init__(self, folders: Sequence[Path], graph: str, literature: str) -> None:
        self._runs = [_opened(folder, graph, literature) for folder in folders]

    def lines(self) -> Iterator[str]:
        """What is taken and what is not, for people."""
        for run in self._runs:
            told = f"`{run.info.model}`, `{run.info.setting}`, {len(run.questions):,} questions"
            yield f"{run.folder.path}: {f'not taken, {run.misfit}' if run.misfit else told}"

    def traces(self, setting: Corpora, model: str, wanted: Sequence[AskedPair]) -> dict[AskedPair, Trace]:
        """The traces of questions that were answered in this setting by this model."""
        found: dict[AskedPair, Trace] = {}
        for run in self._runs:
            if not run.misfit and (run.info.setting, run.info.model) == (setting, model):
                found |= dict(_answered(run, set(wanted) - set(found)))
        return found


def _opened(path: Path, graph: str, literature: str) -> _Run:
    folder = RunFolder(path)
    if not folder.info_file.is_file():
        raise UserError(f"{path} holds no run; --runs takes folders that `kedrec runs start` made.")
    info = folder.info()
    return _Run(folder, info, folder.questions().questions, _misfit(info, graph, literature))


def _misfit(info: RunInfo, graph: str, literature: str) -> str:
    if info.data.get("graph_sha256") != graph:
        return "made over another graph"
    if info.setting != "none" and info.data.get("literature_sha256", "") != literature:
        return "made over other literature"
    return "" if info.hide_pairs else "made with the pairs' edges shown"


def _answered(run: _Run, wanted: set[AskedPair]) -> Iterator[tuple[AskedPair, Trace]]:
    rows, traces = run.folder.rows(), TraceStore(run.folder.traces)
    for pair in run.questions:
        row = rows.get(pair.id)
        trace = trace_of(row, traces) if row and not row.error and question_of(pair) in wanted else None
        if trace is not None:
            yield question_of(pair), trace
