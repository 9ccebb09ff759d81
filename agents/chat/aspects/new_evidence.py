"""Keys for evidence that a look-up adds to a conversation, and answers that quote it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kedrec.agents.chat.from_last_answer import TopicAnswer
from kedrec.agents.prompting.answer_format import LETTERS, NO_EVIDENCE
from kedrec.records import Answer, Corpora, Entity, Evidence, Finding, Question
from kedrec.tools.text.sentence_cues import quotable

if TYPE_CHECKING:
    from kedrec.agents.agent import Agent

__all__ = ["ASPECT", "NewEvidence", "answer_of", "answered", "quoted"]

ASPECT = "aspect"
"""Key of the question that such an answer answers."""


class NewEvidence:
    """Gives evidence its keys: known evidence keeps its key, new evidence gets the next free one.

    Args:
        agent: whose resources are searched.
        setting: which corpora are searched.
        known: evidence of the conversation by key.
    """

    def __init__(self, agent: Agent, setting: Corpora, known: dict[str, Evidence]) -> None:
        self.agent, self.setting = agent, setting
        self._keys = {entry.source_id: key for key, entry in known.items()}
        self._texts = {key: f"{entry.text} {entry.passage}" for key, entry in known.items()}
        self.new: dict[str, Evidence] = {}

    def enter(self, finding: Finding, sentence: str) -> str:
        """Return the key of a finding, and note it as evidence where it is new: its head and the quoted sentence."""
        known = self._keys.get(finding.source_id)
        if known is not None and (finding.kind == "graph" or sentence in self._texts.get(known, "")):
            return known
        letter = LETTERS[finding.kind]
        number = 1 + max((int(key[1:]) for key in (*self._texts, *self.new) if key[0] == letter), default=0)
        key, start = f"{letter}{number}", finding.text.find(sentence)
        text = finding.text if finding.kind == "graph" else f"{finding.text[: finding.head]}{sentence}"
        spans = ((start, start + len(sentence)),) if start >= 0 and finding.kind != "graph" else ()
        passage = "" if finding.kind == "graph" else finding.text
        self.new[key] = Evidence(
            key=key, source_id=finding.source_id, text=text, passage=passage, spans=spans, about=finding.about
        )
        self._keys[finding.source_id], self._texts[key] = key, f"{text} {passage}"
        return key


def answered(
    new_evidence: NewEvidence, title: str, told: Iterable[tuple[Finding, str]], drug: Entity, disease: str = ""
) -> TopicAnswer:
    """Return sentences of findings as an answer, quoted.

    Args:
        new_evidence: gives them their keys.
        title: what the answer is about, for people.
        told: each finding and the sentence of it.
        drug: the drug.
        disease: id of the disease; empty if there is none.
    """
    quotes = [(new_evidence.enter(finding, sentence), sentence) for finding, sentence in told]
    return answer_of(title, [(key, quoted(key, sentence)) for key, sentence in quotes], drug, disease)


def answer_of(title: str, lines: Sequence[tuple[str, str]], drug: Entity, disease: str = "") -> TopicAnswer:
    """Return lines of text, each with the key that it cites, as an answer; without any, that nothing was found."""
    text = " ".join(line for _, line in lines) or NO_EVIDENCE
    question = Question(key=ASPECT, text=f"What is said of this: {title}?", disease=disease, drug=drug.id)
    keys = tuple(dict.fromkeys(key for key, _ in lines))
    return TopicAnswer(title=title, answer=Answer(question=question, text=text, stance="unclear", citations=keys))


def quoted(key: str, sentence: str) -> str:
    """Return a sentence in quotation marks; what the graph states is in our words and has none."""
    stop = "" if sentence.rstrip(")\"'”’").endswith((".", "!", "?", "…")) else "."
    return f"{quotable(sentence)}{stop}" if key[0] == "K" else f"“{quotable(sentence)}{stop}”"
