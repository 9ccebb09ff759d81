"""Runs written for other tools: as tables, as OpenTelemetry spans, in LangSmith's form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from kedrec.agents.trace_export.langsmith import langsmith_runs
from kedrec.agents.trace_export.otel import otlp
from kedrec.agents.trace_export.parquet import parquet_files
from kedrec.agents.trace_export.sanitize import clean_trace
from kedrec.atomic_file import staged
from kedrec.records import Trace
from kedrec.redaction import Redactor

__all__ = ["ExportFormat", "export_traces"]

ExportFormat = Literal["parquet", "otel", "langsmith"]
"""What a file holds: `parquet` two tables, `otel` a run on each line, `langsmith` a run, a step or a call on each."""
Add = Callable[[Trace], None]


def export_traces(traces: Iterable[Trace], files: Mapping[ExportFormat, Path], redactor: Redactor) -> int:
    """Write runs to files, one at a time; each file is there whole at the end, or as it was before.

    Args:
        traces: the runs.
        files: where to, by form.
        redactor: takes out what it knows as a secret now.

    Returns:
        How many were written.

    Raises:
        UserError: a file cannot be written where it is wanted.
    """
    count = 0
    with ExitStack() as open_files:
        writers = [open_files.enter_context(_WRITERS[form](path)) for form, path in files.items()]
        for count, trace in enumerate(traces, 1):  # noqa: B007 - the last one is the number of all
            clean = clean_trace(trace, redactor)
            for add in writers:
                add(clean)
    return count


@contextmanager
def _lines(path: Path, objects: Callable[[Trace], Iterable[Any]]) -> Iterator[Add]:
    with staged(path) as part, part.open("w", encoding="utf-8") as file:
        yield lambda trace: file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in objects(trace))


_WRITERS: dict[ExportFormat, Callable[[Path], AbstractContextManager[Add]]] = {
    "parquet": parquet_files,
    "otel": lambda path: _lines(path, lambda trace: [otlp(trace)]),
    "langsmith": lambda path: _lines(path, langsmith_runs),
}
