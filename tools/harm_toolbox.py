"""The tools for a question of harm: which of these drugs is more likely to have a side effect?

They go by the same names as those for a disease, so that the agent asks them in the same way; the side effect stands
where a disease does. The graph says whether a drug is listed with the effect and which drugs of its class are, and the
literature is searched for sentences that name drug and effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from kedrec.graphdb.vocabularies.side_effects import wordings
from kedrec.records import SIDE_EFFECT, Edge, Entity, Finding, Match, Passage, ToolResult
from kedrec.tools.drug_targets import CLASSES
from kedrec.tools.graph_tools import HARMS, LIMIT, GraphTools, Kind
from kedrec.tools.literature import Literature
from kedrec.tools.literature_tools import LiteratureTools, mentions, names_for_search, record_finding
from kedrec.tools.text.role_sentences import USES, claims_of
from kedrec.tools.text.sentence_cues import reads_well, sentences_of, sets_out, speaks_of_harm
from kedrec.tools.toolbox import Toolbox

__all__ = [
    "MOST_EFFECTS",
    "RISKY",
    "SAYS_LITTLE",
    "HarmToolbox",
    "harm_sentences",
    "harm_worth",
    "naming_both",
    "own_sentences",
]

MOST_EFFECTS = 500
"""Side effects of one drug, and drugs of one effect or class, that are looked at."""
LOOKED_THROUGH = 40
"""Passages of one corpus that name drug and effect and are looked through."""
LONGEST = 420
"""Characters of a sentence that is quoted."""

RISKY = re.compile(
    r"\bharm|\brisk|\bsafe|tolerat|contra-?indicat|\bavoid|caution|worsen|exacerbat|induced|provok"
    r"|precipitat|fatal|death"
    r"|caus|\brates? of|incidence|were reported|reported are|occurr|reaction|develop|associat|onset|advers"
    r"|toxic|bronchospas|bronchoconstrict|aggravat|side effect|deteriorat|\battack",
    re.IGNORECASE,
)
"""Words of harm or safety."""


SAYS_LITTLE = re.compile(
    r"\b(?:low(?:er|est)?|less|fewer|least|minimal|favou?rabl[ey]|rare(?:ly)?|no|not|without|absence|reduc\w+|decreas\w+"
    r"|combat)\b",
    re.IGNORECASE,
)
"""Words by which a sentence of harm may say that there is little of it, or that something is done against it."""


def own_sentences(text: str) -> list[str]:
    """Return the sentences of a document that can be quoted; plans and criteria tell nothing."""
    return [one for one in sentences_of(text) if len(one) <= LONGEST and reads_well(one) and not sets_out(one)]


def harm_sentences(text: str, drug: Entity, effect: Entity) -> list[str]:
    """Return the sentences of a document that name drug and effect and speak of harm, not of a use of the drug."""
    named = (one for one in own_sentences(text) if mentions(one, effect) and mentions(one, drug))
    spoken = [one for one in named if RISKY.search(one)]
    return [one for one in spoken if not any(claim.role in USES for claim in claims_of(one, drug, effect))]


def harm_worth(sentence: str) -> float:
    """Return how much a sentence tells of harm: in words of harm or safety, in numbers, and not too long."""
    words = 1.5 * bool(speaks_of_harm(sentence)) + bool(RISKY.search(sentence))
    return words + bool(re.search(r"\d", sentence)) - len(sentence) / 400


def naming_both(
    literature: Literature, corpus: Literal["articles", "trials"], drug: Entity, effect: Entity
) -> list[Passage]:
    """Return passages with a sentence on drug and effect, best first; none that was retracted."""
    names = (names_for_search(drug), names_for_search(effect))
    hits = literature.search(f"{drug.name} {effect.name}", corpus, LOOKED_THROUGH, require_all_of=names).hits
    return [hit for hit in hits if not hit.retracted and harm_sentences(hit.text, drug, effect)]


class _Graph(GraphTools):
    """What the graph says of drugs and a side effect."""

    def graph_evidence(self, disease: str, drug: str) -> ToolResult:
        """List whether the graph has a drug with a side effect, and which drugs of its class it has with it.

        Args:
            disease: Name or id of the side effect.
            drug: Name or id of the drug.
        """
        found = self._both(disease, drug)
        if isinstance(found, ToolResult):
            return found
        effect, compound = found
        stated = self._store.direct(compound.id, effect.id)
        others = self._store.neighbours(compound.id, relation=HARMS, limit=LIMIT)
        findings = (*map(self._edge, stated), *self._of_class(compound, effect), *map(self._edge, others))
        if not findings:
            return ToolResult(status="nothing_found", message=f"The graph lists no side effect of {compound.name}.")
        said = f"{effect.name} is {'' if stated else 'not '}listed as a side effect of {compound.name}."
        notes = [] if stated else [f"{said} That does not mean that it is none."]
        unique = tuple({finding.source_id: finding for finding in findings}.values())
        return ToolResult(status="found", message=said, findings=unique, data={"notes": notes} if notes else {})

    def _search(self, name: str, kind: Kind) -> Match:
        """What a name means; a side effect is looked for in the place of a disease."""
        if kind != "disease":
            return super()._search(name, kind)
        match = self._store.search(name, kinds=(SIDE_EFFECT,))
        if match.entity is None:
            return match
        names = tuple(dict.fromkeys((*match.entity.synonyms, *wordings(match.entity.name))))
        return match.model_copy(update={"entity": match.entity.model_copy(update={"synonyms": names})})

    def _of_class(self, compound: Entity, effect: Entity) -> list[Finding]:
        """Drugs of the same class that are listed with the effect, as paths, a few of each class."""
        edges = self._store.neighbours(effect.id, relation=HARMS, limit=MOST_EFFECTS)
        with_it = {edge.head: edge for edge in edges if edge.head not in compound.ids}
        return [
            self._path(path) for own in self._drug_targets.classes(compound.id) for path in self._through(own, with_it)
        ]

    def _through(self, own: Edge, with_it: dict[str, Edge]) -> Iterator[tuple[Edge, Edge, Edge]]:
        members = self._store.neighbours(own.head, relation=CLASSES, limit=MOST_EFFECTS)
        for member in [one for one in members if one.tail in with_it][:2]:
            yield own, member, with_it[member.tail]


class _Papers(LiteratureTools):
    """What articles and trials say of drugs and a side effect."""

    @staticmethod
    def _nothing(corpus: str, drug: Entity, disease: Entity, words: str) -> str:
        """What is said where nothing was found."""
        return f"No {corpus} have a sentence that names both {drug.name} and {disease.name}."

    def _find(
        self, literature: Literature, corpus: Literal["articles", "trials"], words: str, drug: Entity, disease: Entity
    ) -> tuple[list[Finding], list[str]]:
        """Passages with a sentence on both; what names the drug alone tells nothing of the effect."""
        hits = naming_both(literature, corpus, drug, disease)[: self._passages]
        cut = literature.cut()
        about = (drug.id, disease.id)
        return [record_finding(literature, hit, (), about) for hit in hits], [str(cut)] if cut else []


class HarmToolbox(Toolbox):
    """The tools for one question of harm; see `Toolbox`."""

    graph_tools = _Graph
    literature_tools = _Papers
