"""Traces -> chat rows, split by disease; what a trace cannot teach is left out and counted by reason.

A row teaches what passed the check: the decision and the answers are written out again from the trace's
recommendation, so that no sentence that was struck out is ever learnt from.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import IO

from kedrec.agents.prompting.answer_format import LABELS, NO_EVIDENCE, STANCES, cited, without_citations
from kedrec.atomic_file import write_whole
from kedrec.distill.pairs.pairs_file import Pairs
from kedrec.distill.runs.folder import RunFolder, trace_of
from kedrec.distill.runs.journal import ResultRow
from kedrec.distill.student.chat_rows import MANIFEST, ChatRow, Manifest, Selection, TrainTurn
from kedrec.distill.student.short_rows import short_rows
from kedrec.distill.student.teaching_traces import Keep, reason_to_leave_out
from kedrec.errors import InputError, UserError
from kedrec.records import ModelCall, Recommendation, Trace

__all__ = ["build_dataset", "chat_rows", "validation_diseases"]

VALIDATION_SHARE = 0.1
FILES = ("train.jsonl", "validation.jsonl")


def chat_rows(trace: Trace, pair_id: str, answer: str | None = None) -> tuple[ChatRow, ...]:
    """What a trace that `reason_to_leave_out` lets pass teaches: investigation, answers, decision, its short form.

    A trace that favours another candidate than `answer` teaches the short form alone, with the answer as its label: its
    rationale speaks for the wrong drug.
    """
    if (made := trace.recommendation) is None or made.favoured is None:
        return ()
    if answer not in (None, made.favoured):
        return tuple(short_rows(trace, pair_id, answer))
    rows = [_investigation(trace, pair_id, made), *_answers(trace, pair_id, made), _decision(trace, pair_id, made)]
    return (*(row for row in rows if row is not None), *short_rows(trace, pair_id))


def _row(trace: Trace, pair_id: str, made: Recommendation, task: str, **more: object) -> ChatRow:
    return ChatRow.model_validate(
        {
            "id": f"{trace.id}/{task}",
            "trace_id": trace.id,
            "pair_id": pair_id,
            "task": task.partition("-")[0],
            "setting": made.setting,
            "teacher": made.model,
            "disease": made.disease.id,
            **more,
        }
    )


def _decision(trace: Trace, pair_id: str, made: Recommendation) -> ChatRow | None:
    asked = _last(trace, "decide")
    if asked is None or made.favoured is None:
        return None
    labels = tuple(LABELS[: len(made.candidates)])
    label = labels[[drug.id for drug in made.candidates].index(made.favoured)]
    rationale = "\n".join(f"- {s.text} {''.join(f'[{key}]' for key in s.citations)}" for s in made.sentences)
    text = f"CHOICE: {label}\nCONFIDENCE: {made.confidence:.4f}\nRATIONALE:\n{rationale}"
    return _row(
        trace,
        pair_id,
        made,
        "decide",
        messages=(*asked.messages, {"role": "assistant", "content": text}),
        train=(TrainTurn(index=len(asked.messages), rationale=rationale),),
        selection=Selection(labels=labels, label=label),
    )


def _answers(trace: Trace, pair_id: str, made: Recommendation) -> Iterator[ChatRow]:
    passed = {(item.question.key, item.text) for item in made.answers}
    calls = [call for call in trace.calls if call.type == "model" and call.step == "answer"]
    for number, call in enumerate(calls, 1):
        lines = [_answer_line(line, passed) for line in _content(call).splitlines()]
        text = "\n".join(line for line in lines if line)
        if text:
            messages = (*call.messages, {"role": "assistant", "content": text})
            train = (TrainTurn(index=len(call.messages)),)
            yield _row(trace, pair_id, made, f"answer-{number}", messages=messages, train=train)


def _answer_line(line: str, passed: set[tuple[str, str]]) -> str | None:
    """A line of an answer; the abstention phrase in place of one that did not pass the check."""
    key, stance, text = (part.strip() for part in [*line.split("|", 2), "", ""][:3])
    if not text or stance not in STANCES:
        return None
    bare = without_citations(text)
    if bare == NO_EVIDENCE or (key, bare) not in passed:
        return f"{key} | unclear | {NO_EVIDENCE}"
    return f"{key} | {stance} | {bare} {''.join(f'[{mark}]' for mark in cited(text))}"


def _investigation(trace: Trace, pair_id: str, made: Recommendation) -> ChatRow | None:
    """The whole conversation with its tool calls, those left out that no language model is offered."""
    from kedrec.tools.toolbox import schemas, tools_in

    call = _last(trace, "investigate")
    if call is None or call.response is None:
        return None
    offered = [name for name in call.tools if name in tools_in(made.setting, weigh=False)]
    messages = _without_other_tools([*call.messages, call.response], set(offered))
    turns = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    if not turns or messages[-1]["role"] != "assistant":
        return None
    return _row(
        trace,
        pair_id,
        made,
        "investigate",
        messages=messages,
        tools=[schemas()[name] for name in offered],
        train=[TrainTurn(index=index) for index in turns],
    )


def _without_other_tools(messages: Sequence[dict[str, object]], offered: set[str]) -> list[dict[str, object]]:
    gone: set[object] = set()
    kept: list[dict[str, object]] = []
    for message in messages:
        calls = message.get("tool_calls")
        if isinstance(calls, list):
            stay = [call for call in calls if call["function"]["name"] in offered]
            gone |= {call["id"] for call in calls if call not in stay}
            if stay:
                kept.append({**message, "tool_calls": stay})
        elif message.get("tool_call_id") not in gone or message["role"] != "tool":
            kept.append(message)
    return kept


def _last(trace: Trace, *steps: str) -> ModelCall | None:
    calls = [call for call in trace.calls if call.type == "model" and call.step in steps]
    return calls[-1] if calls else None


def _content(call: ModelCall | None) -> str:
    return str((call.response or {}).get("content") or "") if call is not None else ""


def validation_diseases(diseases: Sequence[str], share: float = VALIDATION_SHARE) -> set[str]:
    """The diseases that rows are validated on: the first by the hash of their ids, one at least where there are two."""
    ordered = sorted(set(diseases), key=lambda disease: hashlib.sha256(disease.encode()).hexdigest())
    return set(ordered[: ceil(share * len(ordered))]) if len(ordered) > 1 else set()


def build_dataset(runs: Sequence[Path], out: Path, answers: Sequence[Pairs] = (), keep: Keep | None = None) -> Manifest:
    """Build a data set from the traces of runs.

    Args:
        runs: folders of runs.
        out: folder of the data set: `train.jsonl`, `validation.jsonl` and, written last, `manifest.json`.
        answers: pairs files with answers, which become the labels; without, the teacher's choices are.
        keep: which traces teach; `correct` where there are answers and `all` where there are none, if not given.

    Raises:
        NotReady: if there is no run.
        InputError: if `answers` lacks a pair of the run.
        UserError: if no trace teaches anything, `out` holds something else, or `correct` is asked for without answers.
    """
    keep = keep or ("correct" if answers else "all")
    if keep == "correct" and not answers:
        raise UserError("--keep correct needs to know what is correct: give a pairs file with --answers.")
    _make_room(out)
    found = _Rows(out / ".rows.jsonl", answers, keep)
    try:
        infos = [found.read(run) for run in runs]
        if not found.rows:
            reasons = ", ".join(f"{reason} {n}" for reason, n in found.dropped.items()) or "there are none"
            raise UserError(f"None of {found.traces} traces teaches anything: {reasons}.")
        return _write(out, found, infos, answers)
    finally:
        found.path.unlink(missing_ok=True)


class _Rows:
    """Rows on their way: written down once, split when all diseases are known."""

    def __init__(self, path: Path, answers: Sequence[Pairs], keep: Keep) -> None:
        self.path, self._answers, self._keep = path, answers, keep
        self.traces, self.rows = 0, 0
        self.dropped: Counter[str] = Counter()
        self.diseases: list[str] = []
        path.write_text("", "utf-8")

    def read(self, run: Path) -> dict[str, object]:
        """Take in one run; what it is a run of."""
        from kedrec.agents.traces.store import TraceStore

        folder = RunFolder(run)
        info, results, store = folder.info(), folder.rows(), TraceStore(folder.traces)
        with self.path.open("a", encoding="utf-8") as file:
            for result in results.values():
                self._take(result, trace_of(result, store), file)
        return info.model_dump(mode="json")

    def _take(self, result: ResultRow, trace: Trace | None, file: IO[str]) -> None:
        self.traces += 1
        answer = self._answer(result.pair_id)
        reason = "no trace" if trace is None else reason_to_leave_out(trace, answer, self._keep)
        if trace is None or reason is not None:
            self.dropped[reason or ""] += 1
            return
        for row in chat_rows(trace, result.pair_id, answer):
            self.diseases.append(row.disease)
            self.rows += 1
            file.write(row.model_dump_json() + "\n")

    def _answer(self, pair_id: str) -> str | None:
        if not self._answers:
            return None
        known = next((one.scoring[pair_id] for one in self._answers if pair_id in one.scoring), None)
        if known is None or known.answer is None:
            raise InputError(self._answers[-1].path, f"the pair {pair_id!r} of the run has no answer there.")
        return known.answer


def _make_room(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; --out wants a folder.")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in (MANIFEST, "train.jsonl")):
        raise UserError(f"{out} holds something that is no data set. Choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)


def _write(out: Path, found: _Rows, infos: Sequence[dict[str, object]], answers: Sequence[Pairs]) -> Manifest:
    held = validation_diseases(found.diseases)
    rows, tasks = _split(out, found.path, held)
    manifest = Manifest(
        runs=tuple(infos),
        labels="answers" if answers else "teacher",
        answers_sha256=" ".join(one.sha256 for one in answers) or None,
        traces=found.traces,
        rows=rows,
        tasks=tasks,
        diseases={"train": len(set(found.diseases) - held), "validation": len(held)},
        dropped=dict(sorted(found.dropped.items())),
        sha256={name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES},
    )
    write_whole(out / MANIFEST, [manifest.model_dump_json(indent=1)])
    return manifest


def _split(out: Path, source: Path, held: set[str]) -> tuple[dict[str, int], dict[str, int]]:
    rows: Counter[str] = Counter(train=0, validation=0)
    tasks: Counter[str] = Counter()
    staged = {name: out / f".{name}.partial" for name in rows}
    with ExitStack() as stack, source.open(encoding="utf-8") as lines:
        files = {name: stack.enter_context(path.open("w", encoding="utf-8")) for name, path in staged.items()}
        for line in lines:
            row = json.loads(line)
            split = "validation" if row["disease"] in held else "train"
            rows[split] += 1
            tasks[row["task"]] += 1
            files[split].write(line)
    for name, path in staged.items():
        path.replace(out / f"{name}.jsonl")
    return dict(rows), dict(tasks)
