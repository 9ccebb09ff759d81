"""Table 2: ROUGE of rationales against the teacher's, and against the curated mechanism of the right drug."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kedrec.eval.rationale_measures.figures import Count, Figure, ratio
from kedrec.eval.rationales import rouge_of_each
from kedrec.eval.tables.reporting.grid import Grid
from kedrec.eval.tables.reporting.paper import PaperFigures
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.task import Task, asked
from kedrec.eval.tables.writers.rows import Writer
from kedrec.records import Corpora

__all__ = ["References", "references_of", "rouge_grid"]

MEASURES = ("rouge1", "rouge2", "rougeL")
RougeScores = dict[str, tuple[float, float, float]]


@dataclass(frozen=True)
class References:
    """What rationales are compared with."""

    teacher: Mapping[Corpora, Mapping[str, str]]
    """Setting -> question id -> the teacher's rationale."""
    mechanism: Mapping[str, str]
    """Question id -> the curated mechanism of the right drug as sentences, where there is one."""
    groups: Mapping[str, str]
    """Question id -> disease."""


def references_of(task: Task, teacher: Mapping[Corpora, Kept], mechanisms: Mapping[tuple[str, str], str]) -> References:
    """Gather the references of a task."""
    right = {one.pair.id: (one.drugs[one.right], one.disease) for one in asked(task.test)}
    curated = {pair_id: mechanisms[key] for pair_id, key in right.items() if key in mechanisms}
    return References({setting: kept.texts for setting, kept in teacher.items()}, curated, task.groups)


def rouge_grid(found: Sequence[tuple[Writer, Kept]], references: References, paper: PaperFigures) -> Grid:
    """One line for each row and setting; a question without a rationale counts as 0."""
    sure = "95 % by diseases"
    teacher = (*(f"{one}, teacher" for one in MEASURES), f"{sure} (L)", "less the best baseline (L)", "paper (L)")
    curated = (*(f"{one}, mechanism" for one in MEASURES), f"{sure} (L, mechanism)")
    head = ("row", "setting", *teacher, *curated, "parameters", "seconds")
    lines = [_line(writer, kept, found, references, paper) for writer, kept in found]
    return Grid(head, tuple(lines))


def _line(
    writer: Writer,
    kept: Kept,
    found: Sequence[tuple[Writer, Kept]],
    references: References,
    paper: PaperFigures,
) -> tuple[str, ...]:
    teacher = references.teacher.get(writer.setting, {})
    own = _scores(kept, teacher) if writer.name != "teacher" else {}
    curated = _scores(kept, references.mechanism)
    gap = _gap(writer, own, found, references)
    size = "–" if kept.parameters is None else f"{kept.parameters:,}"
    return (
        writer.title, writer.setting, *_cells(own, references.groups), gap,
        paper.cell("2", writer.name, writer.setting, "rougeL"), *_cells(curated, references.groups), size,
        f"{kept.seconds:.0f}",
    )  # fmt: skip


def _scores(kept: Kept, reference: Mapping[str, str]) -> RougeScores:
    """Question id -> ROUGE, of the questions that have a reference."""
    ids = [pair_id for pair_id, text in reference.items() if text]
    return dict(zip(ids, rouge_of_each([(reference[one], kept.texts.get(one, "")) for one in ids]), strict=True))


def _cells(scores: RougeScores, groups: Mapping[str, str]) -> tuple[str, ...]:
    """Three means, and the interval of the last."""
    if not scores:
        return ("–",) * 4
    figures = [_mean(scores, groups, place) for place in range(3)]
    return (*(f"{figure.value:.3f}" for figure in figures), _interval(figures[2]))


def _mean(scores: RougeScores, groups: Mapping[str, str], place: int) -> Figure:
    return ratio(Count(groups[pair_id], own[place], 1) for pair_id, own in scores.items())


def _gap(writer: Writer, own: RougeScores, found: Sequence[tuple[Writer, Kept]], references: References) -> str:
    """How much ROUGE-L is above the best row that is not ours, question by question."""
    others = [(w, k) for w, k in found if w.setting == writer.setting and w.name != "teacher" and not w.ours]
    scored = [_scores(kept, references.teacher.get(writer.setting, {})) for other, kept in others]
    if not writer.ours or not scored or not own:
        return "–"
    best = max(scored, key=lambda scores: sum(row[2] for row in scores.values()))
    gaps = {pair_id: (0.0, 0.0, row[2] - best[pair_id][2]) for pair_id, row in own.items() if pair_id in best}
    figure = _mean(gaps, references.groups, 2)
    return f"{figure.value:+.3f} {_interval(figure)}"


def _interval(figure: Figure) -> str:
    low, high = figure.ci95_by_disease or (0.0, 0.0)
    return f"[{low:.3f}, {high:.3f}]"
