"""Two runs side by side: what changed in evidence, answers, choice, confidence, rationale, prompts and settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kedrec.records import Recommendation, Record, ToolCall, Trace

__all__ = ["TraceChange", "TraceDiff", "compare_traces"]


class TraceChange(Record):
    """One thing that is not the same in both."""

    part: str
    """`choice`, `confidence`, `rationale`, `answers`, `evidence`, `prompts`, …"""
    what: str
    """Which one of the part: a source id, a question, a name; empty where there is only one."""
    before: Any
    """In the first run; null where it has none."""
    after: Any
    """In the second run; null where it has none."""


class TraceDiff(Record):
    """What changed from one run to another."""

    a: str
    """Id of the first."""
    b: str
    """Id of the second."""
    changes: tuple[TraceChange, ...]
    """Every change, part by part; none where both are the same in all that is compared."""

    def of(self, *parts: str) -> tuple[TraceChange, ...]:
        """The changes of some parts."""
        return tuple(change for change in self.changes if change.part in parts)


def compare_traces(a: Trace, b: Trace) -> TraceDiff:
    """Compare two runs.

    Evidence is compared by its source, not by its key: the same passage may have another key in another run. For the
    same reason citations are compared as sources.
    """
    changes = [
        TraceChange(part=part, what=what, before=before, after=after)
        for part, view in _PARTS.items()
        for what, before, after in _changed(view(a), view(b))
    ]
    return TraceDiff(a=a.id, b=b.id, changes=tuple(changes))


View = Mapping[str, Any]


def _changed(before: View, after: View) -> Iterator[tuple[str, Any, Any]]:
    for what in dict.fromkeys([*before, *after]):
        if before.get(what) != after.get(what):
            yield what, before.get(what), after.get(what)


def _of_outcome(view: Callable[[Recommendation], View]) -> Callable[[Trace], View]:
    return lambda trace: view(trace.recommendation) if trace.recommendation else {}


def _choice(made: Recommendation) -> View:
    names = {drug.id: drug.name for drug in made.candidates}
    return {"": names.get(made.choice, made.choice) if made.choice else f"none: {made.abstained}"}


def _sources(made: Recommendation, keys: tuple[str, ...]) -> list[str]:
    return [made.evidence[key].source_id if key in made.evidence else key for key in keys]


def _rationale(made: Recommendation) -> View:
    return {sentence.text: _sources(made, sentence.citations) for sentence in made.sentences}


def _answers(made: Recommendation) -> View:
    names = {drug.id: drug.name for drug in made.candidates}
    return {
        f"{names.get(answer.question.drug, answer.question.drug)}, {answer.question.key}": {
            "stance": answer.stance,
            "text": answer.text,
            "sources": _sources(made, answer.citations),
        }
        for answer in made.answers
    }


def _calls(trace: Trace) -> View:
    """How often each thing was asked."""
    return Counter(
        f"{call.step}: {call.name}({', '.join(f'{key} {value}' for key, value in call.arguments.items())})"
        if isinstance(call, ToolCall)
        else f"{call.step}: the model"
        for call in trace.calls
    )


def _used(trace: Trace) -> View:
    used = trace.usage.model_dump()
    return {name: value for name, value in used.items() if value} | {"calls": len(trace.calls)}


_PARTS: dict[str, Callable[[Trace], View]] = {
    "question": lambda trace: trace.question,
    "error": lambda trace: {"": f"{trace.error['type']}: {trace.error['message']}"} if trace.error else {},
    "failed": _of_outcome(lambda made: dict.fromkeys(made.failed, True)),
    "choice": _of_outcome(_choice),
    "confidence": _of_outcome(lambda made: {"": made.confidence}),
    "rationale": _of_outcome(_rationale),
    "answers": _of_outcome(_answers),
    "weights": _of_outcome(lambda made: {score.id: score.probability for score in made.scores}),
    "evidence": _of_outcome(lambda made: {entry.source_id: entry.text for entry in made.evidence.values()}),
    "not found": _of_outcome(lambda made: dict.fromkeys(made.not_found, True)),
    "struck out": _of_outcome(lambda made: dict.fromkeys(made.struck_out, True)),
    "calls": _calls,
    "used": _used,
    "prompts": lambda trace: trace.prompts,
    "config": lambda trace: trace.config,
    "versions": lambda trace: trace.versions,
    "data": lambda trace: trace.data,
}
"""Part of a run -> its pieces by name."""
