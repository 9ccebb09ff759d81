"""Where a recommendation names the curated mechanism of a drug: in its evidence, its answers, its rationale."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kedrec.agents.answer_html.graph_paths import network_of
from kedrec.eval.rationale_measures.curated_mechanisms import CuratedNode, MechanismPart, Protein
from kedrec.eval.rationale_measures.name_patterns import folded, name_pattern, node_pattern, symbol_pattern
from kedrec.eval.rationale_measures.subjects import subject_of
from kedrec.records import Entity, Evidence, Recommendation, triples_of

__all__ = ["DrugHits", "hits_of"]

GENE = "Gene::"
NAMED = ("Compound::", "Disease::")
"""Kinds of entities within whose names no mechanism counts; a process of the graph is one by its own name."""


class DrugHits(NamedTuple):
    """What a recommendation names of the curated mechanism of one of its drugs."""

    curated: frozenset[MechanismPart]
    """Parts that the curated paths have."""
    evidence: frozenset[MechanismPart]
    """Parts of which the evidence names one."""
    answers: frozenset[MechanismPart]
    """Parts of which an answer to a domain question names one."""
    rationale: frozenset[MechanismPart]
    """Parts of which the rationale names one."""
    of_the_drug: frozenset[MechanismPart]
    """Parts of which a sentence of the rationale names one that is about this drug and no other."""
    targets: int
    """Genes and proteins that the `mechanism` sentences about the drug name."""
    right_targets: int
    """Of which curated."""


def hits_of(
    made: Recommendation, drug: Entity, nodes: Sequence[CuratedNode], proteins: Sequence[Protein] = ()
) -> DrugHits:
    """Look for the curated mechanism of a drug.

    Args:
        made: the recommendation.
        drug: one of its candidates.
        nodes: the nodes of the drug's curated paths to the disease.
        proteins: all proteins by whose names a target may be recognised, curated for this drug or not.
    """
    reader = _Reader(made)
    sentences = [(sentence, reader.nodes(nodes, sentence.text, sentence.citations)) for sentence in made.sentences]
    own = [(sentence, named) for sentence, named in sentences if subject_of(sentence, made) == drug.id]
    telling = [(sentence, named) for sentence, named in own if sentence.kind == "mechanism"]
    right = {_key(node) for _, named in telling for node in named if node.part == "protein"}
    targets = right.union(*(reader.targets(proteins, one.text, one.citations) for one, _ in telling))
    return DrugHits(
        curated=_parts(nodes),
        evidence=_parts(reader.in_evidence(nodes)),
        answers=_parts(node for one in made.answers for node in reader.nodes(nodes, one.text, one.citations)),
        rationale=_parts(node for _, named in sentences for node in named),
        of_the_drug=_parts(node for _, named in own for node in named),
        targets=len(targets),
        right_targets=len(right),
    )


def _parts(nodes: Iterable[CuratedNode]) -> frozenset[MechanismPart]:
    return frozenset(node.part for node in nodes)


def _key(node: CuratedNode) -> str:
    return _id(node.protein) if node.protein else node.id


def _id(protein: Protein) -> str:
    return f"{GENE}{protein.entrez}" if protein.entrez else f"UniProt:{protein.uniprot}"


class _Reader:
    """Finds nodes and targets in the texts of a recommendation.

    What stands within the name of a drug or disease, as insulin does in Insulin Lispro, is no mechanism.
    """

    def __init__(self, made: Recommendation) -> None:
        self._evidence = made.evidence
        entities = (made.disease, *made.candidates)
        names = [name for one in entities for name in (one.name, *one.synonyms)]
        self._gene_names: dict[str, str] = {}
        for drug in made.candidates:
            for entity, name in network_of(made, drug.id, ()).names.items():
                if entity.startswith(GENE):
                    self._gene_names[entity] = name
                elif entity.startswith(NAMED):
                    names.append(name)
        self._others = {folded(name).lower(): name for name in names}

    def in_evidence(self, nodes: Sequence[CuratedNode]) -> list[CuratedNode]:
        """Nodes that the evidence names, or that one of its paths runs through."""
        texts = [folded(item.text) for item in self._evidence.values()]
        genes = set(_genes(self._evidence.values()))
        return [
            one for one in nodes if _key(one) in genes or any(self._found(node_pattern(one), text) for text in texts)
        ]

    def nodes(self, nodes: Sequence[CuratedNode], text: str, citations: Sequence[str]) -> list[CuratedNode]:
        """Nodes that a sentence names; a symbol however short where it cites a path through that gene."""
        text, genes = folded(text), self._cited_genes(citations)
        return [
            one
            for one in nodes
            if self._found(node_pattern(one), text)
            or (one.protein and _key(one) in genes and self._is_called(one.protein.symbol, text))
        ]

    def targets(self, proteins: Sequence[Protein], text: str, citations: Sequence[str]) -> set[str]:
        """Genes and proteins that a sentence names: of the paths that it cites, or of a table of proteins."""
        text, genes = folded(text), self._cited_genes(citations)
        symbols = {_id(one): one.symbol for one in proteins}
        cited = {gene: [known[gene] for known in (self._gene_names, symbols) if gene in known] for gene in genes}
        by_path = {gene for gene, names in cited.items() if any(self._is_called(name, text) for name in names)}
        by_table = {_id(one) for one in proteins if any(self._found(form, text) for form in _official(one))}
        return by_path | by_table

    def _cited_genes(self, citations: Sequence[str]) -> set[str]:
        return set(_genes(self._evidence[key] for key in citations if key in self._evidence))

    def _is_called(self, symbol: str, text: str) -> bool:
        return self._found(symbol_pattern(symbol, shortest=1), text)

    def _found(self, pattern: re.Pattern[str] | None, text: str) -> bool:
        return pattern is not None and any(not self._is_in_a_name(match) for match in pattern.finditer(text))

    def _is_in_a_name(self, match: re.Match[str]) -> bool:
        """Whether a match lies within the name of a drug or disease."""
        found = match[0].lower()
        for lowered, name in self._others.items():
            pattern = name_pattern(name) if found in lowered else None
            for other in pattern.finditer(match.string) if pattern else ():
                if other.start() <= match.start() and match.end() <= other.end():
                    return True
        return False


def _official(protein: Protein) -> Iterator[re.Pattern[str] | None]:
    """Official symbol and name; other symbols are too often those of other genes too."""
    yield symbol_pattern(protein.symbol)
    yield name_pattern(protein.name) if protein.name else None


def _genes(evidence: Iterable[Evidence]) -> Iterator[str]:
    """Genes that paths run through."""
    for item in evidence:
        for head, _, tail in triples_of(item.source_id):
            yield from (end for end in (head, tail) if end.startswith(GENE))
