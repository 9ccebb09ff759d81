"""What the chat model is asked at each step: the text of the messages, and the same as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kedrec.agents.prompting.answer_format import LABELS, NO_EVIDENCE, QUESTION_KEYS
from kedrec.agents.prompting.messages import ChatMessage, human, system
from kedrec.agents.prompting.templates import Prompts
from kedrec.agents.workflow.calls import ModelRequest
from kedrec.agents.workflow.state import RunState
from kedrec.records import Question, ToolResult
from kedrec.tools.text.untrusted_text import plain

__all__ = ["Requests", "evidence_text", "tool_text"]

MOST_SHOWN = 80
"""Pieces of evidence in one message."""
MOST_CHARACTERS = 40_000
"""Characters of evidence in one message."""
COLUMN = " | "
"""Between the columns of the answers; a name never holds it."""


class Requests:
    """Builds requests from the state of a run.

    Args:
        prompts: the prompts.
    """

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    def investigation(self, state: RunState, tools: Sequence[str], calls_left: int) -> list[ChatMessage]:
        """The first messages of the investigation."""
        return self._open(
            "investigate",
            disease=named(state["disease"]),
            candidates=_candidates(state),
            evidence=evidence_text(state["evidence"]),
            tools=", ".join(tools),
            calls=str(calls_left),
        )

    def payload(self, task: str, state: RunState, **more: Any) -> dict[str, Any]:
        """A request as data."""
        return {
            "task": task,
            "disease": state["disease"],
            "candidates": state["candidates"],
            "labels": labels(state),
            "evidence": state["evidence"],
            "answers": state.get("answers", []),
            "weighing": state.get("weighing"),
            "setting": state["setting"],
            **more,
        }

    def answering(self, state: RunState, drug: dict[str, Any], evidence: dict[str, Any]) -> ModelRequest:
        """The domain questions about one drug, on the evidence about it."""
        questions = [question.model_dump(mode="json") for question in self.questions(state, drug)]
        messages = self._open(
            "answer",
            disease=named(state["disease"]),
            drug=named(drug),
            evidence=evidence_text(evidence),
            questions="\n".join(f"{question['key']}: {question['text']}" for question in questions),
            no_evidence=NO_EVIDENCE,
        )
        payload = self.payload("answer", state, drug=drug, questions=questions, evidence=evidence)
        return ModelRequest(tuple(messages), payload)

    def deciding(self, state: RunState) -> ModelRequest:
        """Which candidate, and why."""
        return ModelRequest(tuple(self._decide(state)), self.payload("decide", state))

    def repairing(self, state: RunState) -> ModelRequest:
        """The same decision again, with what is wrong with it."""
        draft = plain_lines(state["draft"])
        keys = ", ".join(state["evidence"]) or "none"
        problems = "\n".join(f"- {problem}" for problem in state["problems"])
        text = self._prompts.fill("repair", problems=problems, draft=draft, keys=keys)
        messages = [*self._decide(state), {"role": "assistant", "content": draft}, human(text)]
        return ModelRequest(tuple(messages), self.payload("repair", state, failures=state["failures"]))

    def questions(self, state: RunState, drug: dict[str, Any]) -> list[Question]:
        """The domain questions with the names filled in."""
        return [
            Question(
                key=key,
                text=self._prompts.fill(f"questions/{key}", drug=named(drug), disease=named(state["disease"])),
                disease=state["disease"]["id"],
                drug=drug["id"],
            )
            for key in QUESTION_KEYS
        ]

    def _decide(self, state: RunState) -> list[ChatMessage]:
        return self._open(
            "decide",
            disease=named(state["disease"]),
            candidates=_candidates(state),
            evidence=evidence_text(_cited_first(state)),
            answers=_answers(state),
            labels=", ".join(labels(state)),
        )

    def _open(self, prompt: str, **values: str) -> list[ChatMessage]:
        rules = self._prompts.fill("system", no_evidence=NO_EVIDENCE)
        return [system(rules), human(self._prompts.fill(prompt, **values))]


def labels(state: RunState) -> list[str]:
    """The candidates' labels."""
    return list(LABELS[: len(state["candidates"])])


def named(entity: Mapping[str, Any]) -> str:
    """A name as it stands in prompts."""
    return plain(entity["name"], 120)


def evidence_text(evidence: Mapping[str, Mapping[str, Any]]) -> str:
    """Evidence between fences, as much as one message holds."""
    pieces: list[str] = []
    room = MOST_CHARACTERS
    for key, entry in evidence.items():
        room -= len(entry["text"])
        if room < 0 or len(pieces) == MOST_SHOWN:
            pieces.append(f"({len(evidence) - len(pieces)} more pieces of evidence are left out here.)")
            break
        pieces.append(f'<evidence key="{key}">\n{entry["text"]}\n</evidence>')
    return "\n".join(pieces) or f"Evidence: {NO_EVIDENCE}"


def tool_text(result: ToolResult, keys: Sequence[str]) -> str:
    """A tool's result as the model reads it."""
    found = {key: {"text": finding.text} for key, finding in zip(keys, result.findings, strict=True)}
    return f"{result.status}: {plain(result.message)}" + (f"\n{evidence_text(found)}" if found else "")


def plain_lines(text: str, longest: int = 4000) -> str:
    """A model's own text, line by line safe to stand between fences."""
    return "\n".join(line for line in (_keyed(line) for line in text[:longest].splitlines()) if line)


def _keyed(line: str) -> str:
    """Like `plain`, but citation marks stay: the model wrote them itself."""
    return line.replace("<", "‹").strip()


def _candidates(state: RunState) -> str:
    return "\n".join(f"{label}: {named(drug)}" for label, drug in zip(labels(state), state["candidates"], strict=True))


def _answers(state: RunState) -> str:
    by_id = {drug["id"]: named(drug).replace(COLUMN, "|") for drug in state["candidates"]}
    lines = (
        COLUMN.join((by_id[answer["question"]["drug"]], answer["question"]["key"], answer["stance"], answer["text"]))
        + " "
        + "".join(f"[{key}]" for key in answer["citations"])
        for answer in state.get("answers", [])
        if answer["text"] != NO_EVIDENCE
    )
    return "\n".join(line.strip() for line in lines) or NO_EVIDENCE


def _cited_first(state: RunState) -> dict[str, Any]:
    used: Iterable[str] = dict.fromkeys(key for answer in state.get("answers", []) for key in answer["citations"])
    evidence = state["evidence"]
    ordered = [*(key for key in used if key in evidence), *evidence]
    return {key: evidence[key] for key in dict.fromkeys(ordered)}
