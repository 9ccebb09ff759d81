"""What a run has found so far as one table, for whoever reads it elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedrec.distill.pairs.pairs_file import Pair
from kedrec.distill.runs.folder import RunFolder, trace_of
from kedrec.distill.runs.journal import ResultRow
from kedrec.errors import UserError
from kedrec.records import in_brackets

if TYPE_CHECKING:
    from kedrec.records import Trace

__all__ = ["export_run"]

COLUMNS = (
    "pair_id", "disease", "disease_name", "candidates", "candidate_names", "choice", "choice_name", "leaning",
    "leaning_name", "confidence", "abstained", "error", "error_message", "rationale",
    "input_tokens", "output_tokens", "cost", "trace_id",
)  # fmt: skip
SUFFIXES = (".jsonl", ".csv", ".parquet")
FORMULA = r"\A([=+\-@\t\r])"
"""A text that a spreadsheet takes for a formula: no model and no article may write one, so `'` goes before it."""


def export_run(run: Path, out: Path) -> int:
    """Write the finished pairs of a run, in their order, to a file; whole or not at all.

    Args:
        run: folder of the run; may be at work.
        out: `.jsonl`, `.csv` or `.parquet`; lists are joined by ` | `. In CSV a text that begins as a formula does gets
            `'` before it.

    A row whose trace was lost with a damaged file has no rationale, confidence and cost.

    Returns:
        The number of rows.

    Raises:
        NotReady: if there is no run.
        UserError: for another suffix.
    """
    import polars as pl

    from kedrec.agents.traces.store import TraceStore

    if out.suffix not in SUFFIXES:
        raise UserError(f"{out}: the suffix says the form; give one of {', '.join(SUFFIXES)}.")
    folder = RunFolder(run)
    questions, rows, traces = folder.questions().questions, folder.rows(), TraceStore(folder.traces)
    done = [(question, rows[question.id]) for question in questions if question.id in rows]
    table = pl.DataFrame(
        [_row(question, row, trace_of(row, traces)) for question, row in done],
        schema=dict.fromkeys(COLUMNS, pl.String) | {"confidence": pl.Float64, "cost": pl.Float64}
        | dict.fromkeys(("input_tokens", "output_tokens"), pl.Int64),
    )  # fmt: skip
    staged = out.with_name(f".{out.name}.part")
    if out.suffix == ".jsonl":
        table.write_ndjson(staged)
    elif out.suffix == ".csv":
        table.with_columns(pl.col(pl.String).str.replace(FORMULA, "'${1}")).write_csv(staged)
    else:
        table.write_parquet(staged)
    staged.replace(out)
    return len(done)


def _row(question: Pair, row: ResultRow, trace: Trace | None) -> dict[str, Any]:
    made = trace.recommendation if trace else None
    names = {drug.id: drug.name for drug in (made.candidates if made else question.candidates)}
    sentences = (f"{one.text} {in_brackets(one.citations)}" for one in (made.sentences if made else ()))
    return {
        "pair_id": question.id,
        "disease": question.disease.id,
        "disease_name": made.disease.name if made else question.disease.name,
        "candidates": _listed(names),
        "candidate_names": _listed(names.values()),
        "choice": row.choice,
        "choice_name": names.get(row.choice or ""),
        "leaning": row.leaning,
        "leaning_name": names.get(row.leaning or ""),
        "confidence": made.confidence if made else None,
        "abstained": row.abstained,
        "error": row.error["type"] if row.error else None,
        "error_message": row.error["message"] if row.error else None,
        "rationale": " ".join(sentences),
        "input_tokens": trace.usage.input_tokens if trace else None,
        "output_tokens": trace.usage.output_tokens if trace else None,
        "cost": trace.usage.cost if trace else None,
        "trace_id": row.trace_id,
    }


def _listed(values: Iterable[str]) -> str:
    """Values in one cell, parted by ` | `; one that holds that sign has it escaped by a backslash."""
    return " | ".join(value.replace(" | ", " \\| ") for value in values)
