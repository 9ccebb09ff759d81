"""Tools over the literature. Each docstring is the prompt that the model reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

from kedrec.errors import KedrecError
from kedrec.graphdb.vocabularies.drug_names import work_of
from kedrec.graphdb.vocabularies.gene_families import telling_words
from kedrec.records import Entity, Finding, Passage, ToolResult
from kedrec.tools.findings.drug_actions import action_worth, course_worth
from kedrec.tools.findings.process_terms import known_processes
from kedrec.tools.graph_tools import GraphTools
from kedrec.tools.text.naming import mentions, names_in_texts, naming, places
from kedrec.tools.text.sentence_cues import reads_well, sentences_of, sets_out
from kedrec.tools.text.untrusted_text import plain

if TYPE_CHECKING:
    from kedrec.tools.literature import Literature
    from kedrec.tools.live import OnDemand

__all__ = [
    "RETRACTED", "LiteratureTools", "is_retracted", "joined_names", "mentions", "names_for_search", "places",
    "record_finding",
]  # fmt: skip

RETRACTED: Final = "RETRACTED:"
"""How the text of evidence from a retracted article begins."""
BEHIND = 12
"""Articles that are looked through for how a drug acts, or how a disease comes."""
_ACTION = "mechanism action pathway inhibits"
"""Words of articles that tell how a drug acts."""
_COURSE = "pathogenesis characterized mediated"
"""Words of articles that tell of the process behind a disease."""
LONGEST = 6_000
"""Characters of a record's own text in a finding."""

_TO_DO = "kedrec"
"""Notes of the index that name a command tell what to do; what was not found is reported by the tools themselves."""


class LiteratureTools:
    """The literature tools.

    Args:
        literature: the index; None where none was loaded.
        graph: tells what names mean.
        passages: passages in one answer.
        live: asks the sources where the index has fewer passages than that on a pair; None where it may not.
    """

    def __init__(
        self, literature: Literature | None, graph: GraphTools, passages: int = 4, live: OnDemand | None = None
    ) -> None:
        self._literature, self._live = literature, live
        self._graph = graph
        self._passages = passages

    def search_articles(self, disease: str, drug: str, query: str = "") -> ToolResult:
        """Search biomedical articles (PubMed, PubMed Central) for passages about a drug in a disease.

        Args:
            disease: Name or id of the disease.
            drug: Name or id of the drug.
            query: More search words, for instance an outcome or a mechanism.
        """
        return self._search("articles", disease, drug, query)

    def search_trials(self, disease: str, drug: str, query: str = "") -> ToolResult:
        """Search clinical trial records (ClinicalTrials.gov) for trials of a drug in a disease, with phase and status.

        Args:
            disease: Name or id of the disease.
            drug: Name or id of the drug.
            query: More search words, for instance an outcome or a population.
        """
        return self._search("trials", disease, drug, query)

    def _search(self, corpus: Literal["articles", "trials"], disease: str, drug: str, query: str) -> ToolResult:
        ill, compound = self._graph.entity(disease, "disease"), self._graph.entity(drug, "drug")
        if isinstance(ill, ToolResult):
            return ill
        if isinstance(compound, ToolResult):
            return compound
        if self._literature is None:
            return ToolResult(status="nothing_found", message=f"No {corpus} are loaded: kedrec literature add FILE.")
        words = " ".join(part for part in (compound.name, ill.name, query) if part)
        findings, notes = self._find(self._literature, corpus, words, compound, ill)
        live: dict[str, str] = {}
        if self._live is not None and sum(ill.id in finding.about for finding in findings) < self._passages:
            live, lacks = self._top_up(self._live, corpus, ill, compound, or_keep=bool(findings))
            findings, notes = self._find(self._literature, corpus, words, compound, ill)
            notes += lacks
        if not findings:
            text = self._nothing(corpus, compound, ill, words)
            return ToolResult(status="nothing_found", message=text, data={"notes": notes} | live if notes else live)
        both = sum(ill.id in finding.about for finding in findings)
        if not both:
            notes.append(f"No {corpus} that name both {compound.name} and {ill.name} were found.")
        data = {"notes": notes} | live if notes else live
        text = f"{len(findings)} passage(s) from {corpus}, {both} of them naming both {compound.name} and {ill.name}."
        return ToolResult(status="found", message=text, findings=tuple(findings), data=data)

    @staticmethod
    def _nothing(corpus: str, drug: Entity, disease: Entity, words: str) -> str:
        """What is said where nothing was found."""
        return f"No {corpus} that name {drug.name} were found for {words!r}."

    @staticmethod
    def _top_up(
        live: OnDemand, corpus: Literal["articles", "trials"], disease: Entity, drug: Entity, *, or_keep: bool
    ) -> tuple[dict[str, str], list[str]]:
        """Ask the source for more; return what it said, as data of the result, and what did not come.

        A source that fails is a failure where there is nothing else.
        """
        try:
            done = live.top_up(corpus, disease, drug)
        except KedrecError as error:
            if not or_keep:
                raise
            return {}, [f"No more {corpus} could be fetched: {error}"]
        return {"live": done.said}, list(done.missing)

    def _find(
        self, literature: Literature, corpus: Literal["articles", "trials"], words: str, drug: Entity, disease: Entity
    ) -> tuple[list[Finding], list[str]]:
        """Passages that name both first; then, where there are too few, passages that name the drug.

        Behind the first article stand those that tell most of how the drug acts and of how the disease comes.
        """
        both = literature.search(
            words, corpus, self._passages, require_all_of=(names_for_search(drug), names_for_search(disease))
        )
        about = (drug.id, disease.id)
        findings = {hit.document_id: record_finding(literature, hit, (), about) for hit in both.hits}
        notes = both.notes
        if len(findings) < self._passages:
            rest = literature.search(words, corpus, self._passages, require_all_of=(names_for_search(drug),))
            for hit in rest.hits:
                if hit.document_id not in findings and len(findings) < self._passages:
                    findings[hit.document_id] = record_finding(literature, hit, (disease,), (drug.id,))
            notes = rest.notes
        if corpus == "articles":
            behind = {
                hit.document_id: record_finding(literature, hit, (drug, disease), (entity_id,))
                for hit, entity_id in self._behind(literature, drug, disease)
            }
            findings = dict(list(findings.items())[:1]) | behind | findings
        cut = literature.cut()
        told = [str(cut)] if cut else []
        return list(findings.values()), [*told, *(note for note in notes if _TO_DO in note)]

    def _behind(self, literature: Literature, drug: Entity, disease: Entity) -> Iterator[tuple[Passage, str]]:
        """The article that tells most of how a drug acts, and that of the process behind a disease, where any does.

        Of each those are looked through that speak of what the drug acts on by the graph.
        """
        on = self._graph.acts_on(drug)
        acted_on = telling_words(on) | work_of(drug.name)
        asked: tuple[tuple[Entity, str, Callable[..., float]], ...] = (
            (drug, _ACTION, action_worth),
            (disease, _COURSE, course_worth),
        )
        for entity, words, worth in asked:
            query = " ".join((entity.name, *on, words))
            found = literature.search(query, "articles", BEHIND, require_all_of=(names_for_search(entity),)).hits
            told = {hit.id: _told(hit, entity, worth, acted_on) for hit in found if not hit.retracted}
            best = max(found, key=lambda hit: told.get(hit.id, 0.0), default=None)
            if best is not None and told.get(best.id):
                yield best, entity.id


def _told(passage: Passage, entity: Entity, worth: Callable[..., float], acted_on: Collection[str]) -> float:
    """How much the best sentence of a passage explains how a drug acts, or how a disease arises."""
    sentences = sentences_of(passage.text)
    named = naming(entity).within("\n".join(sentences))
    naming_it = ((one, found) for one in sentences if (found := named.places(one)))
    plain_ones = (one for one in naming_it if reads_well(one[0]) and not sets_out(one[0]))
    return max((worth(*one, acted_on) + bool(known_processes(one[0], acted_on)) for one in plain_ones), default=0.0)


def joined_names(entity: Entity) -> str:
    """All names of an entity as one text, to tell its own words from others."""
    return " | ".join((entity.name, *entity.synonyms))


def names_for_search(entity: Entity) -> tuple[str, ...]:
    """The names by which an entity is looked for in texts; the shortest synonyms mean too many other things."""
    return names_in_texts(entity, least=4)


def record_finding(
    literature: Literature, passage: Passage, entities: Sequence[Entity], more: Sequence[str] = ()
) -> Finding:
    """A passage as a citable finding; of an abstract or a trial the whole record, as its end tells the result.

    Args:
        literature: holds the records.
        passage: the passage.
        entities: those that it is looked through for.
        more: ids that it is about for another reason.
    """
    record = literature.document(passage.document_id) if passage.corpus != "pmc" else None
    own = record.text if record is not None and record.text else passage.text
    own = own.replace("**", "")
    text = f"{passage.title}\n{own}"
    about = [entity.id for entity in entities if mentions(text, entity)]
    title = f"{passage.title.rstrip('. ')}." if passage.title and passage.section != "title" else ""
    facts = [
        f"{passage.year}." if passage.year else "",
        f"Phase {passage.phase}." if passage.phase else "",
        f"Status: {passage.status}." if passage.status else "",
        "(A note on the record.)" if passage.note else "",
    ]
    head = plain(" ".join(filter(None, (RETRACTED if passage.retracted else "", title, *facts))))
    shown = f"{head} {plain(own, LONGEST)}" if head else plain(own, LONGEST)
    names = tuple(dict.fromkeys([*about, *more]))
    kind: Literal["article", "trial"] = "trial" if passage.corpus == "trials" else "article"
    return Finding(
        kind=kind,
        source_id=passage.document_id if record else passage.id,
        text=shown,
        head=len(head) + bool(head),
        about=names,
    )


def is_retracted(text: str) -> bool:
    """Whether the text of evidence comes from a retracted article."""
    return text.startswith(RETRACTED)
