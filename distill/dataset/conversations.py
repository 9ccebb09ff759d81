"""A trace -> conversations to learn from.

A row teaches what passed the check: the decision and the answers are written out again from the trace's
recommendation, so that no sentence that was struck out is ever learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kedrec.agents.prompting.answer_format import LABELS, NO_EVIDENCE, cited, without_citations
from kedrec.distill.dataset.chat_rows import ChatRow, Selection, TrainTurn
from kedrec.distill.dataset.short_rows import short_rows
from kedrec.records import STANCES, Recommendation, Trace, in_brackets

__all__ = ["chat_rows"]


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
    calls = trace.model_calls("decide")
    if not calls or made.favoured is None:
        return None
    asked = calls[-1].messages
    labels = tuple(LABELS[: len(made.candidates)])
    label = labels[[drug.id for drug in made.candidates].index(made.favoured)]
    rationale = "\n".join(f"- {s.text} {in_brackets(s.citations)}" for s in made.sentences)
    text = f"CHOICE: {label}\nCONFIDENCE: {made.confidence:.4f}\nRATIONALE:\n{rationale}"
    return _row(
        trace,
        pair_id,
        made,
        "decide",
        messages=(*asked, {"role": "assistant", "content": text}),
        train=(TrainTurn(index=len(asked), rationale=rationale),),
        selection=Selection(labels=labels, label=label),
    )


def _answers(trace: Trace, pair_id: str, made: Recommendation) -> Iterator[ChatRow]:
    passed = {(item.question.key, item.text) for item in made.answers}
    for number, call in enumerate(trace.model_calls("answer"), 1):
        lines = [_answer_line(line, passed) for line in call.text.splitlines()]
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

    calls = trace.model_calls("investigate")
    if not calls or calls[-1].response is None:
        return None
    call = calls[-1]
    offered = [name for name in call.tools if name in tools_in(made.setting, weigh=False)]
    messages = _without_other_tools([*call.messages, calls[-1].response], set(offered))
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
