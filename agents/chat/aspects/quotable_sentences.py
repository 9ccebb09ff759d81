"""The sentences of the literature that an answer about a drug may quote, and which of them come first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kedrec.agents.chat.aspects.new_evidence import NewEvidence
from kedrec.records import Entity, Finding
from kedrec.tools import harm_toolbox
from kedrec.tools.literature_tools import is_retracted, mentions, names_for_search, record_finding

if TYPE_CHECKING:
    from kedrec.tools.library.writer import CorpusGroup

__all__ = ["best_sentences", "documents", "own_sentences", "worth_of"]

HITS = 8
"""Passages looked through for one drug and aspect in a corpus."""
QUOTES = 2
"""Sentences quoted for one drug and aspect."""


def documents(new_evidence: NewEvidence, words: str, drug: Entity, others: Sequence[str]) -> Iterator[Finding]:
    """Yield documents that hold a name of the drug and one of the other words, articles first."""
    if new_evidence.setting == "none":
        return
    literature = new_evidence.agent.resources.literature()
    corpora: tuple[CorpusGroup, ...] = ("articles", "trials")
    for corpus in corpora:
        if new_evidence.setting in {corpus, "both"}:
            hits = literature.search(words, corpus, HITS, require_all_of=(names_for_search(drug), tuple(others))).hits
            yield from (record_finding(literature, hit, (drug,)) for hit in hits)


def own_sentences(finding: Finding) -> list[str]:
    """The sentences of a document that can be quoted; plans and criteria tell nothing, and a retracted article less."""
    if is_retracted(finding.text):
        return []
    return harm_toolbox.own_sentences(finding.text[finding.head :])


def best_sentences(found: Iterable[tuple[Finding, str]], worth: Callable[[str], float]) -> list[tuple[Finding, str]]:
    """The sentences that tell most, one of each document."""
    best: dict[str, tuple[float, Finding, str]] = {}
    for finding, sentence in found:
        told = worth(sentence)
        if finding.source_id not in best or told > best[finding.source_id][0]:
            best[finding.source_id] = (told, finding, sentence)
    ranked = sorted(best.values(), key=lambda row: -row[0])
    return [(finding, sentence) for _, finding, sentence in ranked[:QUOTES]]


def worth_of(sentence: str, disease: Entity | None) -> float:
    """How much a sentence tells: of the disease, of harm, in numbers, and not too long."""
    about = disease is not None and mentions(sentence, disease)
    return 2.0 * about + harm_toolbox.harm_worth(sentence)
