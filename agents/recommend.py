"""Which drugs of the whole graph the evidence speaks for in a disease, by rule, with the same evidence and check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kedrec.agents.prompting.citation_check import Checker
from kedrec.agents.resources import Resources
from kedrec.agents.workflow.evidence_keys import Ledger
from kedrec.errors import AmbiguousName, ToolError, UnknownEntity
from kedrec.records import CandidateScore, Corpora, Entity, Evidence, Factor, Finding, Record, Sentence

__all__ = ["RankedDrug", "Ranking", "rank_drugs"]

MOST_CITED = 4
"""Sources cited by one sentence."""
MOST_SENTENCES = 4
"""Sentences about one drug."""
ERRORS = {"unknown_entity": UnknownEntity, "ambiguous": AmbiguousName}
"""What a name comes to that was not found; anything else is a tool that failed."""


class RankedDrug(Record):
    """A drug and what speaks for it."""

    id: str
    """Compound id."""
    name: str
    """Preferred name."""
    score: float
    """Log-odds-like; comparable within one ranking only."""
    probability: float
    """As the weigher calibrated it."""
    sentences: tuple[Sentence, ...]
    """What its score rests on, largest share first; only sentences that pass the check."""


class Ranking(Record):
    """Drugs for a disease, best first."""

    disease: Entity
    """The disease as understood."""
    setting: Corpora
    """Which corpora were used."""
    drugs: tuple[RankedDrug, ...]
    """Best first."""
    evidence: dict[str, Evidence]
    """Everything cited, by key."""
    not_found: tuple[str, ...]
    """What was missing."""


def rank_drugs(resources: Resources, disease: str, setting: Corpora, top: int) -> Ranking:
    """Rank the drugs of the graph for a disease.

    Args:
        resources: the stores of a home.
        disease: name or id.
        setting: which corpora are used.
        top: drugs to return.

    Raises:
        UnknownEntity: where the graph has no such disease.
        AmbiguousName: where several diseases have that name.
        ToolError: where the graph could not be asked.
    """
    toolbox = resources.toolbox(setting, weigh=True)
    understood = toolbox.call("resolve_entity", {"name": disease, "kind": "disease"})
    if understood.status != "found":
        raise ERRORS.get(understood.status, ToolError)(understood.message)
    ill = Entity.model_validate(understood.data["match"]["entity"])
    weigher = resources.weigher()
    scores = weigher.rank(ill.id, setting, top, resources.hidden)
    notes = weigher.weigh(ill.id, [score.id for score in scores[:1]], setting, resources.hidden).notes if scores else ()
    drugs = [resources.store.get(score.id) or _unnamed(score.id) for score in scores]
    ledger = Ledger(ill, drugs)
    found = [toolbox.sources(score, ill, drug) for score, drug in zip(scores, drugs, strict=True)]
    keys = [_keys(ledger, sources) for sources in found]
    evidence = {key: Evidence.model_validate(entry) for key, entry in ledger.plain().items()}
    ranked = [
        _ranked(score, drug, cites, Checker(evidence, (ill, drug), scores))
        for score, drug, cites in zip(scores, drugs, keys, strict=True)
    ]
    cited = {key for drug in ranked for sentence in drug.sentences for key in sentence.citations}
    kept = {key: entry for key, entry in evidence.items() if key in cited}
    missing = () if ranked else (f"Nothing in the graph or the literature speaks for any drug in {ill.name}.",)
    return Ranking(disease=ill, setting=setting, drugs=tuple(ranked), evidence=kept, not_found=(*missing, *notes))


def _keys(ledger: Ledger, sources: Mapping[str, Finding]) -> dict[str, str]:
    return dict(zip(sources, ledger.add(sources.values()), strict=True))


def _ranked(score: CandidateScore, drug: Entity, keys: Mapping[str, str], checker: Checker) -> RankedDrug:
    sentences = [_sentence(factor, keys) for factor in sorted(score.factors, key=lambda factor: -abs(factor.share))]
    held = [sentence for sentence in sentences if checker.reason(sentence.text, sentence.citations) is None]
    return RankedDrug(
        id=drug.id,
        name=drug.name,
        score=score.score,
        probability=score.probability,
        sentences=tuple(held[:MOST_SENTENCES]),
    )


def _sentence(factor: Factor, keys: Mapping[str, str]) -> Sentence:
    cited: Sequence[str] = [keys[source] for source in factor.sources if source in keys]
    return Sentence(text=factor.text, citations=tuple(dict.fromkeys(cited))[:MOST_CITED])


def _unnamed(entity_id: str) -> Entity:
    return Entity(id=entity_id, kind=entity_id.partition("::")[0], name=entity_id)
