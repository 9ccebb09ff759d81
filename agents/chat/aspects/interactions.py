"""What the literature says of two drugs taken together."""

from __future__ import annotations

import re

from kedrec.agents.chat.aspects.new_evidence import NewEvidence, answered
from kedrec.agents.chat.aspects.quotable_sentences import best_sentences, documents, own_sentences, worth_of
from kedrec.agents.chat.from_last_answer import TopicAnswer
from kedrec.records import Entity
from kedrec.tools.literature_tools import mentions, names_for_search

__all__ = ["taken_together"]

_BETWEEN = re.compile(
    r"interact|concentration|plasma level|exposure|potentiat|\bauc\b|toxicit|\brisk|concomitant|co-?administ|co-?medic"
    r"|combin|bleed|ha?emorrhag|rhabdomyolysis|together|concurrent|inhibit",
    re.IGNORECASE,
)
"""Words of what two drugs do to each other."""
_DOES = re.compile(r"interact|bleed|increas|risk|toxic|potentiat", re.IGNORECASE)
"""Those that tell most."""


def taken_together(new_evidence: NewEvidence, one: Entity, other: Entity) -> TopicAnswer:
    """What is said of two drugs taken together: sentences that name both and tell what one does to the other."""
    found = (
        (finding, sentence)
        for finding in documents(new_evidence, f"{one.name} {other.name} interaction", one, names_for_search(other))
        for sentence in own_sentences(finding)
        if finding.kind == "article"
        and mentions(sentence, one)
        and mentions(sentence, other)
        and _BETWEEN.search(sentence)
    )
    told = best_sentences(found, lambda sentence: 2.0 * bool(_DOES.search(sentence)) + worth_of(sentence, None))
    title = f"{one.name} together with {other.name}"
    return answered(new_evidence, title, told, one)
