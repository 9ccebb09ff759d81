"""What articles and trials say of how a drug acts, and of the process behind a disease."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kedrec.agents.models.graph_request import Task, speaks_of
from kedrec.agents.offline.mechanism import words_of_action
from kedrec.agents.offline.rationale.evidence_sentences import QuestionEvidence, Quoted, best_of, sentences_on
from kedrec.records import Entity, Evidence
from kedrec.tools.findings.drug_actions import action_worth, course_worth
from kedrec.tools.findings.process_terms import known_processes
from kedrec.tools.literature_tools import mentions, places
from kedrec.tools.text.sentence_cues import is_criterion, reads_well, sentences_of, sets_out

__all__ = ["course", "explained"]

_APPROVES = re.compile(r"\b(?:approv\w+|licen[sc]ed|authori[sz]ed|guidelines?|recommend\w*)\b", re.IGNORECASE)


def explained(evidence: Iterable[Evidence], drug: Entity, disease: Entity) -> QuestionEvidence | None:
    """What articles and trials say of how a drug acts, best first: on which process, and through which target.

    One that reports an approval or a guideline is a clinical finding, whatever it calls the drug.
    """
    evidence = list(evidence)
    literature = (item for item in evidence if item.key[0] in "PT")
    quotes = [quote for item in literature for quote in sentences_on(item, drug, disease) if quote.closeness]
    plain = [quote for quote in quotes if not (sets_out(quote.text) or is_criterion(quote.text))]
    plain = [quote for quote in plain if not _APPROVES.search(quote.text)]
    words = words_of_action(evidence, drug)
    told = [(action_worth(quote.text, places(quote.text, drug), words), quote) for quote in plain]
    known = [(worth + bool(known_processes(quote.text, words)), quote) for worth, quote in told if worth]
    best = best_of(quote for _, quote in sorted(known, key=lambda row: -row[0]))
    return QuestionEvidence("unclear", tuple(Quoted((quote.key,), quote.text) for quote in best)) if best else None


def course(task: Task, drug: Entity) -> tuple[Quoted, ...]:
    """What an article says of the process behind the disease that the drug may act on; at most one sentence."""
    words = words_of_action((item for item in task.evidence.values() if speaks_of(item, drug)), drug)
    told = [
        (course_worth(text, places(text, task.disease), words), key, text)
        for key, item in task.evidence.items()
        if key.startswith("P")
        for text in sentences_of(item.text)
        if reads_well(text) and not any(mentions(text, one) for one in task.candidates)
    ]
    worth, key, text = max(told, key=lambda row: row[0], default=(0.0, "", ""))
    return (Quoted((key,), text),) if worth and any(word in text.lower() for word in words) else ()
