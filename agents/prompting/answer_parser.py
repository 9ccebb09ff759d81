"""The one strict parser of what chat models write: the answer lines and the decision."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import cast, get_args

from kedrec.agents.prompting.answer_format import (
    ABSTAINED,
    LONGEST_ANSWER,
    LONGEST_RATIONALE,
    LONGEST_SENTENCE,
    NO_EVIDENCE,
    cited,
    without_citations,
)
from kedrec.records import STANCES, Answer, Question, Record, Sentence, SentenceKind

__all__ = ["Decision", "cut", "parse_answers", "parse_decision"]

_CHOICE = re.compile(r"CHOICE:\s*(?:([A-J])|NONE(?:\s*\|\s*(.*))?)\s*")
_KIND = re.compile(rf"\(({'|'.join(get_args(SentenceKind))})\)\s*")
_CONFIDENCE = re.compile(r"CONFIDENCE:\s*(\d(?:\.\d+)?|\.\d+)\s*")


class Decision(Record):
    """What a model decided, as far as it can be read."""

    label: str | None = None
    """The label chosen; `NONE` where the model abstains, null where it cannot be read."""
    reason: str = ""
    """Why it abstains."""
    confidence: float | None = None
    """As the model gave it, 0 to 1."""
    sentences: tuple[Sentence, ...] = ()
    """The rationale."""
    problems: tuple[str, ...] = ()
    """What does not keep to the format; each a sentence for the model that repairs it."""
    left_out: tuple[str, ...] = ()
    """What was cut because the answer was too long."""


def cut(text: str) -> str:
    """The part of a model's answer that is read: whole lines, at most `LONGEST_ANSWER` characters."""
    if len(text) <= LONGEST_ANSWER:
        return text
    head = text[:LONGEST_ANSWER]
    return head.rsplit("\n", 1)[0] if "\n" in head else head


def parse_decision(text: str, labels: Sequence[str]) -> Decision:
    """Read `CHOICE:`, `CONFIDENCE:` and `RATIONALE:` with its `- ` lines.

    Args:
        text: what the model wrote.
        labels: labels of the candidates.

    Returns:
        What could be read, and each problem; never raises.
    """
    lines = [line.strip() for line in cut(text).splitlines() if line.strip()]
    head, rationale, problems = _split(lines)
    label, reason = _label(head[:1], labels, problems)
    confidence = _confidence(head[1:2], label, problems)
    sentences, left_out = _sentences(rationale, problems)
    if label != ABSTAINED and not sentences:
        problems.append("The rationale is empty: after `RATIONALE:` write lines that begin with `- `, with citations.")
    if len(text) > LONGEST_ANSWER:
        left_out = (*left_out, f"the answer had {len(text.split()):,} words and was cut")
    return Decision(
        label=label,
        reason=reason,
        confidence=confidence,
        sentences=sentences,
        problems=tuple(problems),
        left_out=left_out,
    )


def parse_answers(text: str, questions: Sequence[Question]) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
    """Read lines of `question_key | stance | text [K1][P2]`.

    Args:
        text: what the model wrote.
        questions: what was asked; questions without a readable line are answered by the abstention phrase.

    Returns:
        One answer per question, in order, and a note for each line that could not be read.
    """
    found, notes = _answer_lines(cut(text).splitlines(), {question.key for question in questions})
    answers = []
    for question in questions:
        stance, words = found.get(question.key, ("unclear", NO_EVIDENCE))
        keys = cited(words)
        bare = without_citations(words)
        says_nothing = not bare or NO_EVIDENCE in bare
        text, stance, keys = (NO_EVIDENCE, "unclear", ()) if says_nothing else (bare, stance, keys)
        answers.append(Answer.model_validate({"question": question, "text": text, "stance": stance, "citations": keys}))
    missing = [question.key for question in questions if question.key not in found]
    return tuple(answers), (*notes, *([f"no readable answer to: {', '.join(missing)}"] if missing else []))


def _answer_lines(lines: Iterable[str], keys: set[str]) -> tuple[dict[str, tuple[str, str]], list[str]]:
    found: dict[str, tuple[str, str]] = {}
    unreadable = 0
    for line in lines:
        parts = [part.strip() for part in line.split("|", 2)]
        if len(parts) == 3 and parts[0] in keys and parts[1].lower() in STANCES and parts[0] not in found:
            found[parts[0]] = (parts[1].lower(), parts[2])
        elif line.strip():
            unreadable += 1
    return found, [f"{unreadable} line(s) of an answer did not keep to the format"] if unreadable else []


def _split(lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    if "RATIONALE:" in lines:
        at = lines.index("RATIONALE:")
        extra = [f"Unexpected line before `RATIONALE:`: {line[:60]!r}." for line in lines[2:at]]
        return lines[:at], lines[at + 1 :], extra
    if lines and _is_abstention(lines[0]):
        return lines[:2], [], []
    return lines[:2], [], ["The line `RATIONALE:` is missing."]


def _is_abstention(line: str) -> bool:
    match = _CHOICE.fullmatch(line)
    return match is not None and match.group(1) is None


def _label(lines: list[str], labels: Sequence[str], problems: list[str]) -> tuple[str | None, str]:
    match = _CHOICE.fullmatch(lines[0]) if lines else None
    if match is None:
        problems.append(
            f"The first line must be `CHOICE: ` and one of {', '.join(labels)}, or `CHOICE: NONE | reason`."
        )
        return None, ""
    if match.group(1) is None:
        return ABSTAINED, (match.group(2) or "").strip()
    if match.group(1) not in labels:
        problems.append(f"{match.group(1)} is no candidate; the labels are {', '.join(labels)}.")
        return None, ""
    return match.group(1), ""


def _confidence(lines: list[str], label: str | None, problems: list[str]) -> float | None:
    match = _CONFIDENCE.fullmatch(lines[0]) if lines else None
    if match and 0 <= float(match.group(1)) <= 1:
        return float(match.group(1))
    if label != ABSTAINED:
        problems.append("The second line must be `CONFIDENCE: ` and a number from 0 to 1.")
    return None


def _sentences(lines: list[str], problems: list[str]) -> tuple[tuple[Sentence, ...], tuple[str, ...]]:
    kept: list[Sentence] = []
    left_out: list[str] = []
    for line in lines:
        if not line.startswith("- "):
            problems.append(f"A line of the rationale does not begin with `- `: {line[:60]!r}.")
        elif len(line.split()) > LONGEST_SENTENCE:
            left_out.append(f"a sentence of {len(line.split()):,} words: {line[2:80]}…")
        elif len(kept) == LONGEST_RATIONALE:
            left_out.append(f"beyond {LONGEST_RATIONALE} sentences: {line[2:80]}")
        else:
            # A line is `(mechanism) text [K1]`; the kind may be missing.
            written = line[2:].strip()
            match = _KIND.match(written)
            kind = cast(SentenceKind, match[1]) if match else None
            kept.append(
                Sentence(
                    text=without_citations(written[match.end() :] if match else written),
                    citations=cited(written),
                    kind=kind,
                )
            )
    return tuple(kept), tuple(left_out)
