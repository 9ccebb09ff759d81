"""Which drugs of the whole graph the evidence speaks for in a disease, by rule, with the same evidence and check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kedrec.agents.offline.roles import Role, RoleName, RoleReader, RoleSource, is_no_drug
from kedrec.agents.prompting.citation_check import Checker
from kedrec.agents.resources import Resources
from kedrec.agents.workflow.evidence_keys import Ledger
from kedrec.errors import AmbiguousName, ToolError, UnknownEntity
from kedrec.graphdb.names.normalize import fold
from kedrec.records import CandidateScore, Corpora, Entity, Evidence, Factor, Finding, Record, Sentence
from kedrec.tools.text.sentence_cues import quotable

__all__ = ["RankedDrug", "Ranking", "SetAside", "best_treatments", "rank_drugs", "role_reader"]

SPARE = 10
"""Drugs beside twice as many as are asked for that are looked at, so that those left out are made up for."""
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
    use_told: bool = True
    """Whether an edge, an article or a trial tells of a use of it in the disease; else it is here by likeness."""


class SetAside(Record):
    """A drug that scored among the best and is no treatment, with why."""

    id: str
    """Compound id."""
    name: str
    """Preferred name."""
    role: RoleName
    """What it is to the disease instead."""
    sentence: Sentence
    """What says so; only what passes the check is cited."""


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
    """What was missing, and what was left out."""
    set_aside: tuple[SetAside, ...] = ()
    """Drugs that scored among these and cause the disease, serve to test for it, or are no treatment otherwise."""


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
        NotReady: where another version of KEDRec derived what literature is weighed with.
        ToolError: where the graph could not be asked.
    """
    resources.refuse_other_version()
    toolbox = resources.toolbox(setting, weigh=True)
    understood = toolbox.call("resolve_entity", {"name": disease, "kind": "disease"})
    if understood.status != "found":
        raise ERRORS.get(understood.status, ToolError)(understood.message)
    ill = Entity.model_validate(understood.data["match"]["entity"])
    weigher = resources.weigher()
    best = weigher.rank(ill.id, setting, 2 * top + SPARE, resources.hidden)
    notes = weigher.weigh(ill.id, [score.id for score in best[:1]], setting, resources.hidden).notes if best else ()
    chosen = _chosen(resources, ill, setting, best, top)
    scores, drugs = [score for score, _ in chosen.kept], [drug for _, drug in chosen.kept]
    ledger = Ledger(ill, [*drugs, *(drug for drug, _ in chosen.harmful)])
    found = [toolbox.sources(score, ill, drug) for score, drug in zip(scores, drugs, strict=True)]
    keys = [_keys(ledger, sources) for sources in found]
    against = [_keys(ledger, toolbox.sources(_as_score(drug, role), ill, drug)) for drug, role in chosen.harmful]
    evidence = {key: Evidence.model_validate(entry) for key, entry in ledger.plain().items()}
    ranked = [
        _ranked(score, drug, cites, Checker(evidence, (ill, drug), scores), drug.id not in chosen.likened)
        for score, drug, cites in zip(scores, drugs, keys, strict=True)
    ]
    aside = tuple(
        _aside(drug, role, cites, evidence, ill) for (drug, role), cites in zip(chosen.harmful, against, strict=True)
    )
    said = [sentence for drug in ranked for sentence in drug.sentences] + [one.sentence for one in aside]
    cited = {key for sentence in said for key in sentence.citations}
    kept = {key: entry for key, entry in evidence.items() if key in cited}
    missing = () if ranked else (f"Nothing in the graph or the literature speaks for any drug in {ill.name}.",)
    return Ranking(
        disease=ill,
        setting=setting,
        drugs=tuple(ranked),
        evidence=kept,
        not_found=(*missing, *notes, *_left_out(chosen, aside)),
        set_aside=aside,
    )


def best_treatments(resources: Resources, disease: Entity, setting: Corpora, top: int) -> list[Entity]:
    """Return the best-ranked drugs for a disease, without those that are no treatment of it.

    Args:
        resources: the stores of a home.
        disease: the disease.
        setting: which corpora are used.
        top: drugs to return.
    """
    best = resources.weigher().rank(disease.id, setting, 2 * top + SPARE, resources.hidden)
    return [drug for _, drug in _chosen(resources, disease, setting, best, top).kept]


def role_reader(resources: Resources, setting: Corpora) -> RoleReader:
    """Return what reads the roles of drugs over the stores of a home.

    Args:
        resources: the stores; what is hidden in them stays hidden.
        setting: which corpora are used.
    """
    return resources.role_reader(setting)


@dataclass
class _Chosen:
    """The best drugs, and those that scored as well and are left out."""

    kept: list[tuple[CandidateScore, Entity]] = field(default_factory=list)
    harmful: list[tuple[Entity, Role]] = field(default_factory=list)
    repeated: list[Entity] = field(default_factory=list)
    no_drug: list[Entity] = field(default_factory=list)
    untold: list[tuple[CandidateScore, Entity]] = field(default_factory=list)
    """Those of which nothing tells a use and that are left out for it."""
    likened: set[str] = field(default_factory=set)
    """Ids of those kept of which nothing tells a use."""

    def settled(self, top: int) -> list[tuple[CandidateScore, Entity]]:
        """The best that are kept; where drugs bring the disease about, only those that something tells a use of.

        There a drug stands beside the disease in texts as often because it causes it as because it helps.
        """
        told = [one for one in self.kept if one not in self.untold]
        return (told if self.harmful and told else self.kept)[:top]


def _chosen(resources: Resources, ill: Entity, setting: Corpora, best: Sequence[CandidateScore], top: int) -> _Chosen:
    """Take the best that are drugs, each once, and no cause, test or excess of the disease."""
    weigher, chosen, seen = resources.weigher(), _Chosen(), set[str]()
    reader = role_reader(resources, setting)
    for score in best:
        if len(chosen.settled(top)) == top:
            break
        drug = resources.store.get(score.id) or Entity(id=score.id, kind=score.id.partition("::")[0], name=score.id)
        if fold(drug.name) in seen:
            chosen.repeated.append(drug)
            continue
        seen.add(fold(drug.name))
        if drug.name == drug.id or is_no_drug(drug, resources.store):
            chosen.no_drug.append(drug)
            continue
        role = reader.role(drug, ill, weigher.stated(ill.id, drug.id, resources.hidden))
        if role.is_harmful:
            chosen.harmful.append((drug, role))
            continue
        chosen.kept.append((score, drug))
        if role.role == "unknown":
            chosen.untold.append((score, drug))
    kept = chosen.settled(top)
    chosen.likened = {drug.id for score, drug in kept if (score, drug) in chosen.untold}
    chosen.untold = [one for one in chosen.untold if one not in kept]
    chosen.kept = kept
    return chosen


def _left_out(chosen: _Chosen, aside: Sequence[SetAside]) -> list[str]:
    """Say how many drugs were left out, which, and why."""
    told = []
    if aside:
        named = "; ".join(f"{drug.name} ({role.words})" for drug, role in chosen.harmful)
        told.append(f"Left out as no treatment of the disease: {len(aside)}: {named}.")
    if chosen.harmful and chosen.untold:
        names = ", ".join(drug.name for _, drug in chosen.untold)
        told.append(f"Left out, as drugs bring this disease about and nothing tells of a use of them in it: {names}.")
    if chosen.no_drug:
        names = ", ".join(one.name for one in chosen.no_drug)
        told.append(f"Left out as the name of a target, or without any name: {names}.")
    if chosen.repeated:
        twice = ", ".join(f"{one.name} ({one.id})" for one in chosen.repeated)
        told.append(f"Left out as listed already under another id: {twice}.")
    return told


def _as_score(drug: Entity, role: Role) -> CandidateScore:
    """The sources of a role in the form in which sources are looked up."""
    sources = tuple(dict.fromkeys(one.source_id for one in role.sources))
    factor = Factor(group="role", share=0.0, text=f"{drug.name} {role.words}", sources=sources)
    return CandidateScore(id=drug.id, score=0.0, probability=0.0, factors=(factor,))


def _aside(
    drug: Entity, role: Role, keys: Mapping[str, str], evidence: Mapping[str, Evidence], ill: Entity
) -> SetAside:
    """A drug that is left out, with the plainest sentence against it; what does not pass the check is not cited."""
    claim = f"{drug.name} {role.words}"
    checker = Checker(evidence, (ill, drug), [_as_score(drug, role)])
    offers = [
        Sentence(text=f"{claim}: {_whose(source)}{quotable(source.sentence)}", citations=(keys[source.source_id],))
        for source in role.sources
        if source.source_id in keys
    ]
    cited = tuple(dict.fromkeys(keys[one.source_id] for one in role.sources if one.source_id in keys))
    offers.append(Sentence(text=claim, citations=cited))
    held = [offer for offer in offers if checker.reason(offer.text, offer.citations) is None]
    return SetAside(
        id=drug.id, name=drug.name, role=role.role, sentence=held[0] if held else Sentence(text=claim, citations=())
    )


def _whose(source: RoleSource) -> str:
    return f"of its class, {source.member}: " if source.member else ""


def _keys(ledger: Ledger, sources: Mapping[str, Finding]) -> dict[str, str]:
    return dict(zip(sources, ledger.add(sources.values()), strict=True))


def _ranked(
    score: CandidateScore, drug: Entity, keys: Mapping[str, str], checker: Checker, use_told: bool
) -> RankedDrug:
    sentences = [_sentence(factor, keys) for factor in sorted(score.factors, key=lambda factor: -abs(factor.share))]
    held = [sentence for sentence in sentences if checker.reason(sentence.text, sentence.citations) is None]
    return RankedDrug(
        id=drug.id,
        name=drug.name,
        score=score.score,
        probability=score.probability,
        sentences=tuple(held[:MOST_SENTENCES]),
        use_told=use_told,
    )


def _sentence(factor: Factor, keys: Mapping[str, str]) -> Sentence:
    cited: Sequence[str] = [keys[source] for source in factor.sources if source in keys]
    return Sentence(text=factor.text, citations=tuple(dict.fromkeys(cited))[:MOST_CITED])
