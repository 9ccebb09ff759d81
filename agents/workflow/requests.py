"""What the chat model is asked at each step: the text of the messages, and the same as data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kedrec.agents.offline.roles.role import HARMFUL
from kedrec.agents.prompting.answer_format import LABELS, NO_EVIDENCE
from kedrec.agents.prompting.citation_check import bare
from kedrec.agents.prompting.domain_questions import QUESTION_KEYS
from kedrec.agents.prompting.messages import ChatMessage, human, system
from kedrec.agents.prompting.templates import Prompts
from kedrec.agents.workflow.calls import ModelRequest
from kedrec.agents.workflow.evidence_budget import within
from kedrec.agents.workflow.state import RunState
from kedrec.records import SIDE_EFFECT, Question, ToolResult, in_brackets
from kedrec.tools.text.untrusted_text import plain

__all__ = ["Requests", "evidence_text", "tool_text"]

COLUMN = " | "
"""Between the columns of the answers; a name never holds it."""


class Requests:
    """Builds requests from the state of a run.

    Args:
        prompts: the prompts.
        evidence_tokens: about how many tokens of evidence one message holds.
        least_confidence: below it a decision is only a leaning.
    """

    def __init__(self, prompts: Prompts, evidence_tokens: int, least_confidence: float = 0.0) -> None:
        self._prompts, self._tokens, self._least = prompts, evidence_tokens, least_confidence

    def investigation(self, state: RunState, tools: Sequence[str], calls_left: int) -> list[ChatMessage]:
        """The first messages of the investigation."""
        return self._open(
            "investigate",
            disease=named(state["disease"]),
            candidates=_candidates(state),
            evidence=evidence_text(self._shown(state), len(state["evidence"])),
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
            "least_confidence": self._least,
            **more,
        }

    def answering(self, state: RunState, drug: dict[str, Any], evidence: dict[str, Any]) -> ModelRequest:
        """The domain questions about one drug, on the evidence about it, as much as fits."""
        shown = within(self._tokens, evidence, [drug["id"]])
        questions = [question.model_dump(mode="json") for question in self.questions(state, drug)]
        messages = self._open(
            "answer",
            disease=named(state["disease"]),
            drug=named(drug),
            evidence=evidence_text(shown, len(evidence)),
            questions="\n".join(f"{question['key']}: {question['text']}" for question in questions),
            no_evidence=NO_EVIDENCE,
        )
        payload = self.payload("answer", state, drug=drug, questions=questions, evidence=shown)
        return ModelRequest(tuple(messages), payload)

    def deciding(self, state: RunState) -> ModelRequest:
        """Which candidate, and why."""
        shown = self._shown(state)
        return ModelRequest(tuple(self._decide(state, shown)), self.payload("decide", state, evidence=shown))

    def repairing(self, state: RunState) -> ModelRequest:
        """The same decision again, with what is wrong with it."""
        draft, shown = plain_lines(state["draft"]), self._shown(state)
        keys = ", ".join(shown) or "none"
        problems = "\n".join(f"- {problem}" for problem in state["problems"])
        text = self._prompts.fill("repair", problems=problems, draft=draft, keys=keys)
        messages = [*self._decide(state, shown), {"role": "assistant", "content": draft}, human(text)]
        return ModelRequest(tuple(messages), self.payload("repair", state, failures=state["failures"], evidence=shown))

    def questions(self, state: RunState, drug: dict[str, Any]) -> list[Question]:
        """The domain questions with the names filled in; of a side effect there is only what is said of harm."""
        keys = ("safety",) if state["disease"]["kind"] == SIDE_EFFECT else QUESTION_KEYS
        return [
            Question(
                key=key,
                text=self._prompts.fill(f"questions/{key}", drug=named(drug), disease=named(state["disease"])),
                disease=state["disease"]["id"],
                drug=drug["id"],
            )
            for key in keys
        ]

    def _shown(self, state: RunState) -> dict[str, Any]:
        """The evidence that fits into a message about all candidates, what the answers cite first."""
        used = [key for answer in state.get("answers", []) for key in answer["citations"]]
        # Keys of what says that a candidate does harm in the disease: a decision has to see that.
        roles = (state.get("weighing") or {}).get("roles", [])
        told = {source["source_id"] for role in roles if role["role"] in HARMFUL for source in role["sources"][:2]}
        harmful = [key for key, entry in state["evidence"].items() if entry["source_id"].partition("#")[0] in told]
        return within(self._tokens, state["evidence"], [drug["id"] for drug in state["candidates"]], used, harmful)

    def _decide(self, state: RunState, shown: Mapping[str, Mapping[str, Any]]) -> list[ChatMessage]:
        # The answers, one a line; of what quotes evidence that is shown, only which that is.
        by_id = {drug["id"]: named(drug).replace(COLUMN, "|") for drug in state["candidates"]}
        lines = (
            COLUMN.join((by_id[answer["question"]["drug"]], answer["question"]["key"], answer["stance"], said))
            for answer in state.get("answers", [])
            if answer["text"] != NO_EVIDENCE and (said := _said(answer, shown))
        )
        return self._open(
            "decide",
            disease=named(state["disease"]),
            candidates=_candidates(state),
            evidence=evidence_text(shown, len(state["evidence"])),
            answers="\n".join(lines) or NO_EVIDENCE,
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


def evidence_text(evidence: Mapping[str, Mapping[str, Any]], of: int = 0) -> str:
    """Evidence between fences.

    Args:
        evidence: what is shown, by key.
        of: pieces that there are, those left out included.
    """
    pieces = [f'<evidence key="{key}">\n{entry["text"]}\n</evidence>' for key, entry in evidence.items()]
    if of > len(evidence):
        pieces.append(f"({of - len(evidence)} more pieces of evidence are left out here.)")
    return "\n".join(pieces) or f"Evidence: {NO_EVIDENCE}"


def tool_text(result: ToolResult, found: Mapping[str, Mapping[str, Any]]) -> str:
    """A tool's result as the model reads it, with its findings by key."""
    return f"{result.status}: {plain(result.message)}" + (f"\n{evidence_text(found)}" if found else "")


def plain_lines(text: str, longest: int = 4000) -> str:
    """A model's own text, line by line safe to stand between fences."""
    lines = (line.replace("<", "‹").strip() for line in text[:longest].splitlines())  # citation marks are its own: kept
    return "\n".join(line for line in lines if line)


def _candidates(state: RunState) -> str:
    return "\n".join(f"{label}: {named(drug)}" for label, drug in zip(labels(state), state["candidates"], strict=True))


def _said(answer: Mapping[str, Any], shown: Mapping[str, Mapping[str, Any]]) -> str:
    keys = in_brackets(answer["citations"])
    held = bare(" ".join(shown[key]["text"] for key in answer["citations"] if key in shown))
    parts = re.split(r"(?<=[.!?…])\s+", answer["text"])
    said = " ".join(part for part in parts if bare(part.rstrip(". …")) not in held)
    return f"{said} {keys}".strip()
