"""Table 2 as a part of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kedrec.eval.tables.reporting.paper import read_paper
from kedrec.eval.tables.reporting.write import ReportSection
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.writers.mechanism_sentences import mechanism_sentences
from kedrec.eval.tables.writers.rouge_table import References, references_of, rouge_grid

if TYPE_CHECKING:
    from kedrec.eval.tables.task import Task
    from kedrec.eval.tables.world import World
    from kedrec.eval.tables.writers.rows import Writer

__all__ = ["table2"]


def table2(world: World, task: Task, written: Sequence[tuple[Writer, Kept]]) -> ReportSection:
    """ROUGE of what was written."""
    path = world.options.file("mechanisms/drugmechdb_open.jsonl")
    teacher = {one.setting: kept for one, kept in written if one.name == "teacher"}
    references = references_of(task, teacher, mechanism_sentences(path) if path else {})
    paper = read_paper(world.options.paper)
    below = [*_rows_told(written), *(f"Paper: {source}." for source in paper.sources_of("2"))]
    grid = rouge_grid(written, references, paper)
    return ReportSection("Table 2: rationales, ROUGE", _told(references), grid, "table2", below)


def _told(references: References) -> str:
    counts = ", ".join(f"`{setting}` {len(texts):,}" for setting, texts in references.teacher.items())
    return (
        "Mean F-measures, stemmed; against the rationales of the teacher (the `offline` model, which writes by pattern:"
        " a row that has learnt the patterns scores high without having understood anything), of"
        f" {counts or 'no'}"
        " questions, and beside it against the curated mechanism of the right drug written as a sentence, of"
        f" {len(references.mechanism):,} questions. The paper's references are GPT's."
    )


def _rows_told(written: Sequence[tuple[Writer, Kept]]) -> list[str]:
    notes: dict[str, dict[str, None]] = {}
    for one, kept in written:
        notes.setdefault(f"**{one.title}**: {one.source}", {})[kept.note] = None
    return [f"{title}{''.join(f'; {note}' for note in told if note)}." for title, told in notes.items()]
