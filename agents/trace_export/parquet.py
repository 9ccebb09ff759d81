"""Runs as two tables: a row for each run, and a row for each call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedrec.agents.answer_html.citations import cited_keys
from kedrec.agents.trace_export.timing import TimedCall, timed
from kedrec.agents.traces.labels import call_model, concluded
from kedrec.atomic_file import staged
from kedrec.records import ToolCall, Trace

if TYPE_CHECKING:
    import polars as pl

__all__ = ["call_rows", "calls_file", "parquet_files", "trace_row"]

TEXTS, NUMBERS, AMOUNTS = "text", "integer", "float"
TRACES = {
    "trace_id": TEXTS, "created": TEXTS, "disease": TEXTS, "disease_name": TEXTS, "candidates": [TEXTS],
    "candidate_names": [TEXTS], "text": TEXTS, "setting": TEXTS, "model": TEXTS, "choice": TEXTS, "choice_name":
    TEXTS, "leaning": TEXTS, "leaning_name": TEXTS, "abstained": TEXTS,
    "confidence": AMOUNTS, "rationale": [TEXTS], "cited_sources": [TEXTS], "evidence":
    NUMBERS, "failed": [TEXTS], "not_found": [TEXTS], "struck_out": [TEXTS], "error": TEXTS, "error_message": TEXTS,
    "model_calls": NUMBERS, "tool_calls": NUMBERS, "input_tokens": NUMBERS, "output_tokens": NUMBERS, "cost":
    AMOUNTS, "seconds": AMOUNTS, "graph_sha256": TEXTS, "literature_sha256": TEXTS, "hidden_pairs": NUMBERS,
    "forked_from": TEXTS, "kedrec": TEXTS, "commit": TEXTS,
}  # fmt: skip
"""Columns of the table of runs; a list holds its kind of values."""
OUTCOME = ("choice", "choice_name", "leaning", "leaning_name", "abstained", "confidence", "rationale")
"""Columns that say how a run ended."""
CALLS = {
    "trace_id": TEXTS, "number": NUMBERS, "step": TEXTS, "type": TEXTS, "name": TEXTS, "start": TEXTS,
    "start_derived": "bool", "seconds": AMOUNTS, "status": TEXTS, "error": TEXTS, "found": NUMBERS,
    "input_tokens": NUMBERS, "output_tokens": NUMBERS, "cost": AMOUNTS, "request_sha256": TEXTS, "arguments": TEXTS,
    "result": TEXTS, "messages": TEXTS, "response": TEXTS,
}  # fmt: skip
"""Columns of the table of calls; the last four are JSON."""

ROW_GROUP = 2_000
"""Rows that are written together, and so are held in memory."""

TableRow = dict[str, Any]


def calls_file(path: Path) -> Path:
    """The file with the calls, beside that with the runs: `runs.parquet` has `runs.calls.parquet`."""
    return path.with_suffix(f".calls{path.suffix}")


@contextmanager
def parquet_files(path: Path) -> Iterator[Callable[[Trace], None]]:
    """Write both tables; rows wait in files of their own until polars makes tables of them, a group at a time.

    Args:
        path: of the table of runs; `calls_file` says where the other one goes.

    Yields:
        To be called with each run.
    """
    with staged(path) as traces, staged(calls_file(path)) as calls:
        rows = [part.with_suffix(".rows") for part in (traces, calls)]
        try:
            with rows[0].open("w", encoding="utf-8") as runs, rows[1].open("w", encoding="utf-8") as made:

                def add(trace: Trace) -> None:
                    runs.write(_line(trace_row(trace)))
                    made.writelines(map(_line, call_rows(trace)))

                yield add
            _to_parquet(rows[0], traces, TRACES, "created")
            _to_parquet(rows[1], calls, CALLS, "start")
        finally:
            for file in rows:
                file.unlink(missing_ok=True)


def trace_row(trace: Trace) -> TableRow:
    """A run as a row of `TRACES`."""
    made, outcome = trace.recommendation, concluded(trace)
    tools = sum(isinstance(call, ToolCall) for call in trace.calls)
    return {
        "trace_id": trace.id,
        "created": trace.created,
        "disease": made.disease.id if made else trace.question.get("disease"),
        "disease_name": made.disease.name if made else None,
        "candidates": [drug.id for drug in made.candidates] if made else trace.question.get("candidates"),
        "candidate_names": [drug.name for drug in made.candidates] if made else None,
        "text": trace.question.get("text"),
        "setting": trace.question.get("setting"),
        "model": trace.config.get("model"),
        **{name: outcome.get(name) for name in OUTCOME},
        "cited_sources": [made.evidence[key].source_id for key in cited_keys(made)] if made else None,
        "evidence": len(made.evidence) if made else None,
        "failed": list(made.failed) if made else None,
        "not_found": list(made.not_found) if made else None,
        "struck_out": list(made.struck_out) if made else None,
        "error": trace.error["type"] if trace.error else None,
        "error_message": trace.error["message"] if trace.error else None,
        "model_calls": len(trace.calls) - tools,
        "tool_calls": tools,
        **trace.usage.model_dump(),
        "seconds": trace.seconds,
        **{name: trace.data.get(name) for name in ("graph_sha256", "literature_sha256", "hidden_pairs")},
        "forked_from": (trace.config.get("forked_from") or {}).get("trace"),
        **{name: trace.versions.get(name) for name in ("kedrec", "commit")},
    }


def call_rows(trace: Trace) -> Iterator[TableRow]:
    """The calls of a run as rows of `CALLS`."""
    for step in timed(trace).steps:
        for item in step.calls:
            yield _call_row(trace, item)


def _call_row(trace: Trace, item: TimedCall) -> TableRow:
    call = item.call
    row: TableRow = {
        "trace_id": trace.id,
        "number": item.number,
        "step": call.step,
        "type": call.type,
        "start": item.start.isoformat(timespec="microseconds"),
        "start_derived": item.derived,
        "seconds": call.seconds,
        "request_sha256": call.request_sha256,
    }
    if isinstance(call, ToolCall):
        result = call.result
        failed = result.message if result.status == "failed" else None
        return row | {
            "name": call.name, "status": result.status, "error": failed, "found": len(result.findings),
            "arguments": _json(call.arguments), "result": _json(result.model_dump(mode="json")),
        }  # fmt: skip
    return row | {
        "name": call_model(call, trace), "status": "failed" if call.error else "answered", "error": call.error,
        **call.usage.model_dump(), "messages": _json(call.messages), "response": _json(call.response),
    }  # fmt: skip


def _to_parquet(rows: Path, out: Path, columns: Mapping[str, Any], moment: str) -> None:
    import polars as pl

    schema = {name: _type(kind) for name, kind in columns.items()}
    table = pl.scan_ndjson(rows, schema=schema) if rows.stat().st_size else pl.LazyFrame(schema=schema)
    table.with_columns(pl.col(moment).str.to_datetime("%+", time_unit="us", time_zone="UTC")).sink_parquet(
        out, row_group_size=ROW_GROUP
    )


def _type(kind: Any) -> pl.DataType:
    import polars as pl

    if isinstance(kind, list):
        return pl.List(_type(kind[0]))
    known = {TEXTS: pl.String(), NUMBERS: pl.Int64(), AMOUNTS: pl.Float64(), "bool": pl.Boolean()}
    return known[kind]


def _line(row: TableRow) -> str:
    return _json(row) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
