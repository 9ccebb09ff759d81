"""The check is code: a sentence passes only where the evidence it cites was found in this run and holds its key terms.

What it covers: citation keys, names of the disease and the candidates, numbers, and symbols such as JAK1. What it does
not: whether the evidence means what the sentence says; spelled-out numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from kedrec.agents.parsing import Decision
from kedrec.agents.wording import NO_EVIDENCE
from kedrec.records import Answer, CandidateScore, Entity, Evidence, Record, Sentence
from kedrec.tools.literature_tools import mentions

__all__ = ["Checked", "Checker", "Failure"]

_NUMBER = re.compile(r"(?<![\w.,])(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)")
_SYMBOL = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*\d)[A-Za-z][\w-]*")


class Failure(Record):
    """A sentence that failed."""

    text: str
    """The sentence."""
    reason: str
    """Why, for the model and for people."""


class Checked(Record):
    """What the check made of a decision."""

    passed: tuple[Sentence, ...]
    """Sentences that hold."""
    failures: tuple[Failure, ...]
    """Sentences that do not."""
    problems: tuple[str, ...]
    """Everything to be mended, format included; empty where the decision passes."""


class Checker:
    """Checks what a model wrote against what was found.

    Args:
        evidence: everything found in this run, by key.
        names: the disease and the candidates.
        scores: what the weigher counted; its counts and shares hold for the sources that it counted over.
    """

    def __init__(
        self, evidence: Mapping[str, Evidence], names: Sequence[Entity], scores: Sequence[CandidateScore] = ()
    ) -> None:
        self._evidence, self._names = evidence, names
        self._counted: dict[str, list[str]] = {}
        for factor in (factor for score in scores for factor in score.factors):
            for source in factor.sources:
                self._counted.setdefault(source, []).append(f"{factor.text} ({factor.share:+.2f})")

    def decision(self, decision: Decision) -> Checked:
        """Check every sentence of a decision."""
        verdicts = [(sentence, self.reason(sentence.text, sentence.citations)) for sentence in decision.sentences]
        failures = tuple(Failure(text=sentence.text, reason=reason) for sentence, reason in verdicts if reason)
        said = tuple(f"{failure.text!r}: {failure.reason}." for failure in failures)
        passed = tuple(sentence for sentence, reason in verdicts if not reason)
        return Checked(passed=passed, failures=failures, problems=(*decision.problems, *said))

    def answers(self, answers: Sequence[Answer]) -> tuple[tuple[Answer, ...], tuple[Failure, ...]]:
        """Check the answers to the domain questions; one that fails gives way to the abstention phrase."""
        kept, failures = [], []
        for answer in answers:
            reason = None if answer.text == NO_EVIDENCE else self.reason(answer.text, answer.citations)
            failures += [Failure(text=answer.text, reason=reason)] if reason else []
            nothing = {"text": NO_EVIDENCE, "stance": "unclear", "citations": ()}
            kept.append(answer.model_copy(update=nothing) if reason else answer)
        return tuple(kept), tuple(failures)

    def reason(self, text: str, citations: Sequence[str]) -> str | None:
        """Why a sentence fails; None where it passes."""
        if not text.strip():
            return "it is empty"
        if not citations:
            return "it cites no evidence"
        unknown = [key for key in citations if key not in self._evidence]
        if unknown:
            return f"it cites [{']['.join(unknown)}], which was not found in this run"
        return self._unsupported(text, [self._evidence[key] for key in citations])

    def _unsupported(self, text: str, cited: Sequence[Evidence]) -> str | None:
        held = " \n ".join(line for entry in cited for line in self._held(entry))
        about = {entity_id for entry in cited for entity_id in entry.about}
        for entity in self._names:
            if mentions(text, entity) and entity.id not in about and not mentions(held, entity):
                return f"the evidence cited does not name {entity.name}"
        missing = sorted(_numbers(text) - _numbers(held))
        if missing:
            return f"the evidence cited does not hold the number {missing[0]}"
        symbol = next((word for word in _SYMBOL.findall(text) if _bare(word) not in _bare(held)), None)
        return f"the evidence cited does not hold {symbol}" if symbol and not self._is_named(symbol) else None

    def _held(self, entry: Evidence) -> list[str]:
        sources = dict.fromkeys((entry.source_id, entry.source_id.partition("#")[0]))
        return [entry.text, entry.source_id, *(text for source in sources for text in self._counted.get(source, ()))]

    def _is_named(self, symbol: str) -> bool:
        """Whether a symbol is part of a name, which has been looked at already."""
        return any(_bare(symbol) in _bare(name) for entity in self._names for name in (entity.name, *entity.synonyms))


def _numbers(text: str) -> set[Decimal]:
    return {Decimal(number.replace(",", "")).normalize() for number in _NUMBER.findall(text)}


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", text.lower())
