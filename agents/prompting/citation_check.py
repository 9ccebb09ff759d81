"""The check is code: a sentence passes only where the evidence it cites was found in this run and holds its key terms.

What it covers: citation keys, names of the disease and the candidates, numbers (as `amounts` reads them), and symbols
such as JAK1; each must stand in the text cited itself. Counts and shares of the weigher hold only in a sentence that
tells the weigher's own words. What it does not cover: whether the evidence means what the sentence says; spelled-out
numbers; names of drugs and diseases that were not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kedrec.agents.prompting import amounts
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.agents.prompting.answer_parser import Decision
from kedrec.records import Answer, CandidateScore, Entity, Evidence, Factor, Record, Sentence, in_brackets
from kedrec.tools.literature_tools import is_retracted, mentions, places

__all__ = ["Checked", "Checker", "FailedSentence", "bare"]

_SYMBOL = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*\d)[A-Za-z][\w-]*")


class FailedSentence(Record):
    """A sentence that failed."""

    text: str
    """The sentence."""
    reason: str
    """Why, for the model and for people."""


class Checked(Record):
    """What the check made of a decision."""

    passed: tuple[Sentence, ...]
    """Sentences that hold."""
    failures: tuple[FailedSentence, ...]
    """Sentences that do not."""
    problems: tuple[str, ...]
    """Everything to be mended, format included; empty where the decision passes."""


class Checker:
    """Checks what a model wrote against what was found.

    Args:
        evidence: everything found in this run, by key.
        names: the disease and the candidates.
        scores: what the weigher counted; its words hold for the sources that it counted over.
    """

    def __init__(
        self, evidence: Mapping[str, Evidence], names: Sequence[Entity], scores: Sequence[CandidateScore] = ()
    ) -> None:
        self._evidence, self._names = evidence, names
        self._counted: dict[str, list[Factor]] = {}
        for factor in (factor for score in scores for factor in score.factors):
            for source in factor.sources:
                self._counted.setdefault(source, []).append(factor)

    def decision(self, decision: Decision) -> Checked:
        """Check every sentence of a decision."""
        verdicts = [(sentence, self.reason(sentence.text, sentence.citations)) for sentence in decision.sentences]
        failures = tuple(FailedSentence(text=sentence.text, reason=reason) for sentence, reason in verdicts if reason)
        said = tuple(f"{failure.text!r}: {failure.reason}." for failure in failures)
        passed = tuple(self._marked(sentence) for sentence, reason in verdicts if not reason)
        return Checked(passed=passed, failures=failures, problems=(*decision.problems, *said))

    def answers(self, answers: Sequence[Answer]) -> tuple[tuple[Answer, ...], tuple[FailedSentence, ...]]:
        """Check the answers to the domain questions; one that fails gives way to the abstention phrase."""
        kept, failures = [], []
        for answer in answers:
            reason = None if answer.text == NO_EVIDENCE else self.reason(answer.text, answer.citations)
            failures += [FailedSentence(text=answer.text, reason=reason)] if reason else []
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
            return f"it cites {in_brackets(unknown)}, which was not found in this run"
        withdrawn = [key for key in citations if is_retracted(self._evidence[key].text)]
        if withdrawn and "retract" not in text.lower():
            return f"it cites {in_brackets(withdrawn)}, a retracted article, and does not say so"
        return self._unsupported(text, [self._evidence[key] for key in citations])

    def _marked(self, sentence: Sentence) -> Sentence:
        """A sentence with the places in its evidence that hold what it tells."""
        marks = {key: self._places(sentence.text, self._evidence[key].text) for key in sentence.citations}
        return sentence.model_copy(update={"marks": {key: spans for key, spans in marks.items() if spans}})

    def _places(self, text: str, held: str) -> tuple[tuple[int, int], ...]:
        found = [span for entity in self._names if mentions(text, entity) for span in places(held, entity)]
        words = [*amounts.stated(text).values(), *_SYMBOL.findall(text)]
        for word in dict.fromkeys(words):
            found += [match.span() for match in re.finditer(rf"(?<![\w.,]){re.escape(word)}(?!\w|[.,]\d)", held)]
        return tuple(
            span
            for span in sorted(set(found))
            if not any(span != other and other[0] <= span[0] and span[1] <= other[1] for other in found)
        )

    def _unsupported(self, text: str, cited: Sequence[Evidence]) -> str | None:
        held = " \n ".join(line for entry in cited for line in self._held(entry, text))
        for entity in self._names:
            if mentions(text, entity) and not mentions(held, entity):
                return f"the evidence cited does not name {entity.name}"
        known = amounts.held(held)
        stated = amounts.stated(self._without_names(text))
        missing = next((said for number, said in stated.items() if number not in known), None)
        if missing:
            return f"the evidence cited does not hold the number {missing}"
        symbol = next((word for word in _SYMBOL.findall(text) if bare(word) not in bare(held)), None)
        return f"the evidence cited does not hold {symbol}" if symbol and not self._is_named(symbol) else None

    def _without_names(self, text: str) -> str:
        """The text without the names that were looked at: `1275` is no number in `CNTO 1275`, which is ustekinumab."""
        for start, end in (span for entity in self._names for span in places(text, entity)):
            text = text[:start] + " " * (end - start) + text[end:]
        return text

    def _held(self, entry: Evidence, text: str) -> list[str]:
        """What the entry says, and what the weigher counted over it where the sentence tells just that."""
        sources = dict.fromkeys((entry.source_id, entry.source_id.partition("#")[0]))
        counted = [factor for source in sources for factor in self._counted.get(source, ())]
        told = [f"{factor.text} ({factor.share:+.2f})" for factor in counted if bare(factor.text) in bare(text)]
        return [entry.text, entry.source_id, *told]

    def _is_named(self, symbol: str) -> bool:
        """Whether a symbol is part of a name, which has been looked at already."""
        return any(bare(symbol) in bare(name) for entity in self._names for name in (entity.name, *entity.synonyms))


def bare(text: str) -> str:
    """Return the letters and digits of a text in lower case, by which words are compared however they are written."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())
