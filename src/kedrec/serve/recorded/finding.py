"""Finding recorded questions: by words anywhere in them, tool, drug, model, outcome."""

from __future__ import annotations

from collections.abc import Iterator

from kedrec.agents.traces.store import TraceSummary
from kedrec.errors import DamagedData
from kedrec.records import Record, ToolCall, Trace
from kedrec.serve.kept_traces import KeptTraces

__all__ = ["FoundQuestions", "QuestionFilter", "find_questions"]

MOST_LISTED = 2_000
"""Of the latest questions whose summaries are looked at."""
MOST_READ = 400
"""Of those, how many are read whole, where that is needed."""


class QuestionFilter(Record):
    """What a recorded question must have; everything that is given must hold."""

    text: str = ""
    """Words that all stand somewhere in it: question, names, outcome, rationale, evidence, calls."""
    tool: str = ""
    """Name of a tool that was called."""
    drug: str = ""
    """Part of a drug's name."""
    model: str = ""
    """Part of the model's specification."""
    outcome: str = ""
    """`chosen`, `none` for no choice, or `failed`."""


class FoundQuestions(Record):
    """Questions that were found."""

    questions: tuple[TraceSummary, ...]
    """The latest first."""
    looked_at: int
    """How many were looked through."""
    more: bool
    """Whether there are older ones that were not."""


def find_questions(kept: KeptTraces, wanted: QuestionFilter, limit: int) -> FoundQuestions:
    """Recorded questions.

    Args:
        kept: the traces.
        wanted: what they must have.
        limit: most that are returned.
    """
    every = kept.list(limit=MOST_LISTED)
    likely = [one for one in every if _may_be(one, wanted)]
    if not wanted.text and not wanted.tool:
        return FoundQuestions(questions=tuple(likely[:limit]), looked_at=len(every), more=len(likely) > limit)
    read = likely[:MOST_READ]
    found = tuple(one for one in read if _holds(kept, one, wanted))
    return FoundQuestions(questions=found[:limit], looked_at=len(read), more=len(likely) > len(read))


def _may_be(one: TraceSummary, wanted: QuestionFilter) -> bool:
    """Whether a summary fits, as far as it tells."""
    outcome = "failed" if one.error else "chosen" if one.choice else "none"
    drugs = " ".join(one.candidates).casefold()
    return (
        wanted.drug.casefold() in drugs
        and wanted.model.casefold() in one.model.casefold()
        and wanted.outcome in ("", outcome)
    )


def _holds(kept: KeptTraces, one: TraceSummary, wanted: QuestionFilter) -> bool:
    try:
        trace = kept.get(one.id)
    except DamagedData:
        return False
    if wanted.tool and not any(isinstance(call, ToolCall) and call.name == wanted.tool for call in trace.calls):
        return False
    words = wanted.text.casefold().split()
    return not words or _has_all(trace, one, words)


def _has_all(trace: Trace, one: TraceSummary, words: list[str]) -> bool:
    told = "\n".join((one.model_dump_json(), *_texts(trace))).casefold()
    return all(word in told for word in words)


def _texts(trace: Trace) -> Iterator[str]:
    """What a person may remember of a question."""
    yield from map(str, trace.question.values())
    yield from (str(value) for value in (trace.error or {}).values())
    made = trace.recommendation
    if made is not None:
        yield from (sentence.text for sentence in made.sentences)
        yield from (answer.text for answer in made.answers)
        yield from (f"{entry.source_id} {entry.text}" for entry in made.evidence.values())
        yield from (*made.not_found, *made.struck_out)
    yield from (call.name if isinstance(call, ToolCall) else str(call.error or "") for call in trace.calls)
