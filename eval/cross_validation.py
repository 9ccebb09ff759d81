"""How well the offline model chooses for diseases it was not fitted on, warm and cold: cross-validation by disease.

`python -m kedrec.eval.cross_validation train.jsonl dev.jsonl --home HOME` fits on four fifths of the diseases of all
files together and chooses for the rest, five times. The direct edges of the pairs chosen for are hidden always. Each
fold is looked at twice, with one half of its diseases cold and then the other: every Compound-Disease edge of theirs is
hidden, as for a disease without any known treatment. So every pair is answered once warm and once cold.

What was computed is kept in HOME/cross-validation; run the same command to resume. Anything that the numbers
depend on, the code too, begins them anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kedrec.agents.offline.fit import slope_of
from kedrec.agents.offline.items import FOLDS, STATES, LabelledQuestion
from kedrec.config import load
from kedrec.errors import UserError
from kedrec.eval.held_out import HeldOutWork, computed, held_out, material_of
from kedrec.eval.machine import where
from kedrec.eval.metrics import Outcome, Scores, score
from kedrec.records import SETTINGS, Corpora

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SettingScores", "cross_validate", "main", "margins_of"]

DEFAULT: tuple[Corpora, ...] = ("none", "both")
ONE_CANDIDATE_AHEAD = 1e-12
"""Margins below this are a tie, in which the first candidate is taken, as the offline model does."""


@dataclass(frozen=True)
class SettingScores:
    """The scores of one setting in one state."""

    setting: Corpora
    """Which corpora were used."""
    state: str
    """One of ``STATES``: whether other drugs of the disease are visible."""
    scores: Scores
    """F1 and all else."""


def cross_validate(
    files: Sequence[Path],
    home: Path,
    settings: Sequence[Corpora] = DEFAULT,
    processes: int = 1,
    on_progress: Callable[[str], None] | None = None,
) -> list[SettingScores]:
    """Fit and choose in turn, fold by fold.

    Args:
        files: Pairs files with answers; their pairs are taken together.
        home: Holds graph and literature.
        settings: Which settings to measure.
        processes: How many processes work.
        on_progress: Called with each step that is done.

    Raises:
        InputError: A pair has no answer, or not two candidates.
        NotReady: There is no graph, or the literature of a setting is not prepared.
    """
    work = computed(files, home, settings, processes, on_progress)
    return [found for setting in settings for found in _measured(work, setting)]


def margins_of(
    files: Sequence[Path], home: Path, setting: Corpora
) -> tuple[list[LabelledQuestion], NDArray[np.float64]]:
    """Return all questions, and by how much the right candidate is ahead where its disease was held out.

    Args:
        files: Pairs files with answers; their pairs are taken together.
        home: Holds graph and literature.
        setting: Which corpora are used.

    Returns:
        The questions, and raw margins, shape (states, questions).
    """
    work = computed(files, home, [setting], 1, None)
    return material_of(work).items, held_out(work, setting)


def _measured(work: HeldOutWork, setting: Corpora) -> list[SettingScores]:
    asked, margins = material_of(work), held_out(work, setting)
    chances = 1 / (1 + np.exp(-np.abs(margins) * slope_of(margins.ravel())))
    found = []
    for state, ahead, sure in zip(STATES, margins, chances, strict=True):
        # Id and kind of each pair; ids of several files may be the same.
        ids_and_kinds = [
            (f"{number}:{question.id}", pairs.scoring[question.id].negative_kind)
            for number, pairs in enumerate(asked.pairs)
            for question in pairs.questions
        ]
        outcomes = [_outcome(*one) for one in zip(ids_and_kinds, asked.items, ahead, sure, strict=True)]
        found.append(SettingScores(setting, state, score(outcomes)))
    return found


def _outcome(question: tuple[str, str], item: LabelledQuestion, ahead: float, sure: float) -> Outcome:
    right = item.right == 0 if abs(ahead) < ONE_CANDIDATE_AHEAD else ahead > 0
    answer, other = item.candidates[item.right], item.candidates[1 - item.right]
    return Outcome(
        pair_id=question[0],
        disease=item.disease,
        kind=question[1],
        answer=answer,
        choice=answer if right else other,
        confidence=float(sure),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cross-validation and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, nargs="+", help="pairs files with answers, taken together")
    parser.add_argument("--home", type=Path, help="home with graph and literature (KEDREC_HOME)")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(DEFAULT))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    given = parser.parse_args(arguments)
    home = load({"home": given.home} if given.home else {}).settings.home
    try:
        found = cross_validate(given.pairs, home, given.settings, given.processes, _say)
    except UserError as error:
        sys.exit(f"{error}")
    sys.stdout.write(_as_json(found) if given.json else f"{_table(found)}\n{where()}\n")


def _as_json(found: Sequence[SettingScores]) -> str:
    return json.dumps([{**asdict(one), "scores": one.scores.model_dump()} for one in found], indent=1) + "\n"


def _table(found: Sequence[SettingScores]) -> str:
    kinds = list(found[0].scores.by_kind)
    head = ["setting", "disease", "F1", "95 % by diseases", *kinds, "surer 80 %", "ECE"]
    rows = [head, ["---"] * len(head), *(_row(one, kinds) for one in found)]
    scores = found[0].scores
    title = f"{scores.n} pairs of {scores.diseases} diseases, {FOLDS} folds by disease; edges of the pairs hidden\n\n"
    return title + "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(one: SettingScores, kinds: Sequence[str]) -> list[str]:
    scores, figures = one.scores, one.scores.calibration
    low, high = scores.f1_ci95_by_disease
    by_kind = [f"{scores.by_kind[kind].f1:.3f}" for kind in kinds]
    sure = [f"{figures.surer_accuracy:.3f}", f"{figures.ece:.3f}"] if figures else ["-", "-"]
    return [one.setting, one.state, f"**{scores.f1:.3f}**", f"[{low:.3f}, {high:.3f}]", *by_kind, *sure]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
