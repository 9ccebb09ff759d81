"""The rows of the agent: the whole graph of it on a model, as a run that resumes by itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.agents.traces.store import TraceStore
from kedrec.distill.pairs.pairs_file import Pair, Pairs
from kedrec.distill.runs.folder import RunFolder, trace_of
from kedrec.distill.runs.run import Progress, start_run
from kedrec.eval.metrics import Outcome
from kedrec.eval.selection import outcome_of
from kedrec.eval.tables.recorded_runs import AskedPair, question_of
from kedrec.eval.tables.steps import Kept
from kedrec.eval.tables.task import Asked, Task, asked
from kedrec.records import Corpora, Trace

if TYPE_CHECKING:
    from kedrec.eval.tables.world import World

__all__ = ["agent_row", "rationale_of", "traces_of"]


def agent_row(world: World, task: Task, setting: Corpora, model: str) -> Kept:
    """Ask a model every test question.

    Args:
        world: the stores.
        task: what is asked.
        setting: which corpora are used.
        model: model specification.
    """
    started = time.monotonic()
    traces = traces_of(world, task, setting, model, task.test.questions)
    seconds = [trace.seconds for trace in traces.values()]
    outcomes = [_outcome(task, one, traces.get(one.pair.id)) for one in asked(task.test)]
    texts = {pair_id: rationale_of(trace) for pair_id, trace in traces.items()}
    return Kept(
        outcomes=tuple(outcomes),
        texts={pair_id: text for pair_id, text in texts.items() if text},
        figures={
            "seconds a question": round(sum(seconds) / len(seconds), 3) if seconds else None,
            "dollars a question": _cost(traces),
            "failed": sum(trace.error is not None for trace in traces.values()),
        },
        seconds=round(time.monotonic() - started, 1),
        note=_recorded(task, traces),
    )


def traces_of(
    world: World, task: Task, setting: Corpora, model: str, questions: Sequence[Pair], *, part: str = "test"
) -> dict[str, Trace]:
    """The traces of questions by their id; asked now where they were not before, nor in a run that was named.

    The run's folder holds all pairs of the task, so that all their edges are hidden, and asks those of `questions`
    alone; a question that several patients share is asked once. `part` names the folder.
    """
    first: dict[AskedPair, Pair] = {}
    for pair in questions:
        first.setdefault(question_of(pair), pair)
    found = world.recorded.traces(setting, model, list(first)) if task.hides else {}
    left = [pair for question, pair in first.items() if question not in found]
    if left:
        folder = world.out / "runs" / _name(task, setting, model, part)
        # The address is a judge's alone where the model itself is on this machine.
        address = world.settings.base_url if model.startswith("openai:") else None
        chosen = world.settings.model_copy(update={"setting": setting, "model": model, "base_url": address})
        tell = _Teller(world, f"{task.name}, {model.partition(':')[0]}, {setting}")
        start_run(
            _with_others(task, left), folder, chosen, hide_pairs=task.hides, limit=len(left), on_progress=tell.told
        )
        found |= _read(folder, left)
    return {pair.id: found[question_of(pair)] for pair in questions if question_of(pair) in found}


class _Teller:
    """Tells how far a run is, every now and then."""

    EVERY = 30.0

    def __init__(self, world: World, what: str) -> None:
        self._world, self._what = world, what
        self._begun = self._last = time.monotonic()
        self._first: int | None = None

    def told(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = progress.done
        if now - self._last < self.EVERY or progress.done == self._first:
            return
        self._last = now
        left = (now - self._begun) / (progress.done - self._first) * (progress.pairs - progress.done)
        self._world.say(f"  {self._what}: {progress.done:,} of {progress.pairs:,} asked, about {left:.0f} s left")


def rationale_of(trace: Trace) -> str:
    """The sentences that passed the check, without citation marks."""
    made = trace.recommendation
    return " ".join(sentence.text for sentence in made.sentences) if made else ""


def _name(task: Task, setting: Corpora, model: str, part: str) -> str:
    plain = "".join(sign if sign.isalnum() else "-" for sign in model)
    return f"{task.name}-{'hidden' if task.hides else 'shown'}-{part}-{plain}-{setting}"


def _with_others(task: Task, first: list[Pair]) -> Pairs:
    """Those to be asked, then all others of the task, each id once."""
    ids = {pair.id for pair in first}
    others = [pair for pair in task.questions if pair.id not in ids]
    return Pairs(path=task.test.path, sha256=task.questions_sha256, questions=(*first, *others), scoring={})


def _read(folder: Path, wanted: Sequence[Pair]) -> dict[AskedPair, Trace]:
    run = RunFolder(folder)
    rows, traces = run.rows(), TraceStore(run.traces)
    found = {}
    for pair in wanted:
        row = rows.get(pair.id)
        trace = trace_of(row, traces) if row else None
        if trace is not None:
            found[question_of(pair)] = trace
    return found


def _outcome(task: Task, one: Asked, trace: Trace | None) -> Outcome:
    if trace is None:
        return task.outcome(one, None, 0.0)
    return outcome_of(one.pair, task.test, trace).model_copy(update={"disease": task.groups[one.pair.id]})


def _recorded(task: Task, traces: Mapping[str, Trace]) -> str:
    """How many traces are from recorded runs with fewer pairs hidden, and at which commits these were made."""
    others = [trace for trace in traces.values() if trace.data.get("hidden_pairs", 0) != len(task.hidden)]
    if not others:
        return ""
    hidden = sorted({int(trace.data.get("hidden_pairs", 0)) for trace in others})
    commits = sorted({trace.versions.get("commit", "")[:7] for trace in others} - {""})
    return (
        f"{len(others):,} of {len(traces):,} questions from recorded runs (commit {', '.join(commits) or 'not known'})"
        f" with the edges of {' or '.join(f'{n:,}' for n in hidden)} pairs hidden, not of all {len(task.hidden):,}"
    )


def _cost(traces: dict[str, Trace]) -> float:
    return round(sum(trace.usage.cost for trace in traces.values()) / max(len(traces), 1), 6)
