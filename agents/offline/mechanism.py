"""How a drug works, in one sentence: what it targets, what that brings about, and what links it to the disease.

Pharmacological targets come before what the drug merely binds; enzymes, carriers and transporters are no mechanism of
action. A target that the graph links to the disease comes first. At most three are named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.vocabularies.drug_classes import class_in_words, sort_of_class
from kedrec.graphdb.vocabularies.drug_names import act_opposed, is_code, work_of
from kedrec.graphdb.vocabularies.gene_families import family_of, is_bystander, is_carrier, telling_words
from kedrec.records import Entity, Evidence, triples_of
from kedrec.tools.text.graph_sentences import relation_verb

__all__ = ["acts_through", "mechanism_of", "words_of_action"]

TARGETS = 3
"""Most targets that are named."""
PHARMACOLOGICAL = ("DRUGBANK::target", "DGIDB::")
"""Relations that name a target of the drug's action."""
BINDING = ("Hetionet::CbG", "bioarx::DrugHumGen", "GNBR::B", "GNBR::N", "GNBR::A-", "GNBR::A+")
"""Relations that say the drug binds or acts on a protein."""
HANDLING = ("DRUGBANK::enzyme", "DRUGBANK::carrier", "DRUGBANK::transporter", "GNBR::K", "GNBR::Z")
"""Relations that say what becomes of the drug: who has a gene of its breakdown is not helped by the drug for that."""
PROCESS = ("Hetionet::GpBP", "Hetionet::GpPW")
"""Relations that name what a gene takes part in."""
_GENERAL = re.compile(
    r"regulat|posit|negat|proce|pathw|signal|recept|activ|cell|respon|metabol|biosynth|transport|particip|hetion|gene"
    r"|expres|factor|protein|system|develop|organ|behavior|complex|related|compo|stimul|differ|nucleo"
)
"""Words of a process that say little: one that has no other, or whose others no text has, is not told."""
CLASS = "Hetionet::PCiC"
"""Relation that names the drugs of a pharmacologic class."""
_ONE_OF = "it is one of the"
_CLOSENESS = {3: 0, 2: 1, 1: 2}
"""Edges of a piece of evidence -> rank: shared with a treatment of the disease, linked to it, neither."""


class _Target(NamedTuple):
    rank: tuple[bool, int, int, bool]
    """A bystander last; pharmacological before bound; shared with a treatment of the disease, linked to it, neither;
    a treatment known by a code alone last."""
    text: str
    """Drug and target as a clause: `Tofacitinib targets JAK1 (DrugBank)`."""
    gene: str
    """Id of the target."""
    key: str
    """Where it stands."""
    link: str
    """The clause that links it to the disease; empty where the graph has none."""


def mechanism_of(evidence: Iterable[Evidence], drug: Entity, disease: Entity) -> tuple[str, tuple[str, ...]] | None:
    """Return a sentence on the drug's targets, or else its class, and its evidence keys; None where there is neither.

    What only carries, transports or breaks down the drug is no target here.

    Args:
        evidence: what was found.
        drug: the drug.
        disease: the disease in question.
    """
    evidence = list(evidence)
    best: dict[str, _Target] = {}
    for target in sorted(_targets(evidence, drug, disease), key=lambda target: target.rank):
        best.setdefault(target.gene, target)
    classes = _classes(evidence, drug)
    if not best:
        return _class_alone(classes, drug)
    first = next(iter(best.values())).rank[:2]
    chosen = [target for target in best.values() if target.rank[:2] == first][:TARGETS]
    more = [*_processes(evidence, drug, {target.gene for target in chosen}), *classes]
    keys = (*(target.key for target in chosen), *(key for key, _ in more))
    # `Tofacitinib targets TYK2, JAK2 and JAK1 (DrugBank); Rheumatoid arthritis is associated with TYK2 (Hetionet).`
    told = _joined([target.text for target in chosen])
    links = [_also(target.link, alone=len(chosen) == 1) for target in chosen if target.link][:1]
    return "; ".join([told, *links, *[text for _, text in more]]) + ".", tuple(dict.fromkeys(keys))


def _class_alone(classes: Sequence[tuple[str, str]], drug: Entity) -> tuple[str, tuple[str, ...]] | None:
    """`Ceftriaxone is one of the cephalosporins (Hetionet).`"""
    for key, text in classes:
        if text.startswith(_ONE_OF):
            return f"{drug.name}{text.removeprefix('it')}.", (key,)
    return None


def acts_through(item: Evidence, drug: Entity) -> bool:
    """Return whether a path of the graph from a drug leads over more than what carries, transports or breaks it down.

    Args:
        item: evidence of the graph.
        drug: the drug.
    """
    own = [edge for edge in triples_of(item.source_id) if not drug.ids.isdisjoint((edge[0], edge[2]))]
    symbol = item.text.partition("; ")[0].rpartition(" (")[0].rpartition(" ")[2]
    return not (any(edge[1].startswith(HANDLING) for edge in own) or is_carrier(symbol))


def words_of_action(evidence: Iterable[Evidence], drug: Entity) -> frozenset[str]:
    """Words of articles on this drug's action: the families of its targets, its classes, and the stem of its name.

    Args:
        evidence: what was found.
        drug: the drug.
    """
    evidence = list(evidence)
    paths = ((item, triples_of(item.source_id)) for item in evidence if item.key.startswith("K"))
    acting = [item.text.partition("; ")[0] for item, edges in paths if edges and _targeting(edges[0], drug)]
    symbols = (clause.rpartition(" (")[0].rpartition(" ")[2] for clause in acting)
    return telling_words([*map(family_of, symbols), *(told for _, told in _classes(evidence, drug))]) | work_of(
        drug.name
    )


def _processes(evidence: Iterable[Evidence], drug: Entity, genes: Collection[str]) -> list[tuple[str, str]]:
    """What one of the targets named takes part in, and where that stands: `DRD2 participates in …`."""
    for item in evidence:
        edges = triples_of(item.source_id) if item.key.startswith("K") else ()
        if len(edges) == 2 and edges[1][1].startswith(PROCESS) and edges[1][0] in genes and _targeting(edges[0], drug):
            told = item.text.partition("; ")[2]
            words = [word for word in re.findall(r"[a-z]{5,}", told.lower()) if not _GENERAL.match(word)]
            if any(word in text for word in words for text in _literature(evidence)):
                return [(item.key, told)]
    return []


def _literature(evidence: Iterable[Evidence]) -> list[str]:
    """The texts of articles and trials, in lower case."""
    return [item.text.lower() for item in evidence if item.key[0] in "PT"]


def _classes(evidence: Iterable[Evidence], drug: Entity) -> list[tuple[str, str]]:
    """Of which class the graph takes the drug to be and what it lists as its effect, and where that stands."""
    found: dict[str, tuple[str, str]] = {}
    for item in evidence:
        edges = triples_of(item.source_id) if item.key.startswith("K") else ()
        if len(edges) == 1 and edges[0][1].startswith(CLASS) and edges[0][2] in drug.ids:
            name, _, source = item.text.partition(f" includes {drug.name}")
            sort, told = sort_of_class(name), class_in_words(name)
            clause = f"{told} is listed as an effect of it" if sort == "effect" else f"{_ONE_OF} {told}"
            found.setdefault(sort, (item.key, f"{clause}{source}"))
    return [found[sort] for sort in ("action", "kind", "effect") if sort in found]


def _targets(evidence: Iterable[Evidence], drug: Entity, disease: Entity) -> Iterator[_Target]:
    for item in evidence:
        edges = triples_of(item.source_id) if item.key.startswith("K") else ()
        targeting = _targeting(edges[0], drug) if edges else None
        if targeting is None or not (len(edges) == 1 or _links(edges[1:], targeting[1], disease)):
            continue
        rank, gene = targeting
        first, *link = item.text.split("; ")
        if gene in first:  # a gene that the graph has no name for tells a reader nothing
            continue
        symbol = first.rpartition(" (")[0].rpartition(" ")[2]
        other = _shared_by(link)
        if is_carrier(symbol) or act_opposed(drug.name, other):
            continue
        place = (is_bystander(symbol), rank, _CLOSENESS[len(edges)], is_code(other))
        yield _Target(place, first, gene, item.key, "; ".join(link))


def _targeting(edge: Sequence[str], drug: Entity) -> tuple[int, str] | None:
    """How an edge of the drug names a target, and which: 0 pharmacological, 1 bound."""
    head, relation, tail = edge
    gene = tail if head in drug.ids else head
    if drug.ids.isdisjoint((head, tail)) or not gene.startswith("Gene::"):
        return None
    ranks = [rank for rank, names in enumerate((PHARMACOLOGICAL, BINDING)) if relation.startswith(names)]
    return (ranks[0], gene) if ranks else None


def _links(edges: Sequence[Sequence[str]], gene: str, disease: Entity) -> bool:
    """Whether edges lead from a target to the disease: by an edge of its own, or by a drug that treats it."""
    ends = {end for head, _, tail in edges for end in (head, tail)}
    if gene not in ends or disease.ids.isdisjoint(ends):
        return False
    return len(edges) == 1 or (
        len(edges) == 2 and edges[0][1].startswith(PHARMACOLOGICAL) and is_therapeutic(edges[1][1])
    )


def _shared_by(link: Sequence[str]) -> str:
    """The treatment of the disease with the same target: `X` of `X targets G (S)` and `X treats D (S)`; else empty."""
    return _common(link).strip() if len(link) == 2 else ""


def _also(link: str, *, alone: bool) -> str:
    """What links a target to the disease: a drug that has it too and treats the disease, or an edge as it stands.

    Args:
        link: `X targets G (S); X treats D (S)`, or one clause.
        alone: whether G is the only target named, so that `so does X` says which.
    """
    first, _, second = link.partition("; ")
    drug = _shared_by(link.split("; "))
    if not drug:
        return link
    treats = f"{drug}, which {second.removeprefix(drug).strip()}"
    return f"so does {treats}" if alone else f"{treats}, {_too(first.removeprefix(drug).strip())}"


def _too(clause: str) -> str:
    """`targets G (S)` as `targets G too (S)`."""
    told, source = clause[: clause.rfind(" (")], clause[clause.rfind(" (") :]
    return f"{told} too{source}"


def _joined(clauses: Sequence[str]) -> str:
    """Clauses that differ in the target only as one clause that lists the targets by what they are."""
    start, source = _common([*clauses, clauses[0]]), clauses[0][clauses[0].rfind(" (") :]
    verb = next((verb for verb in _VERBS if f" {verb} " in f"{start}"), None)
    if verb is None or not all(clause.endswith(source) for clause in clauses):
        return "; ".join(clauses)
    drug = clauses[0].partition(f" {verb} ")[0]
    names = [clause.removeprefix(f"{drug} {verb} ").removesuffix(source) for clause in clauses]
    # Targets by what they are: `the dopamine receptors DRD2 and DRD3`; one of no family known by its symbol.
    members: dict[str, list[str]] = {}
    for symbol in names:
        members.setdefault(family_of(symbol) or symbol, []).append(symbol)
    by_family = [
        name if found == [name] else f"the {name}{'s' if len(found) > 1 else ''} {_listed(found)}"
        for name, found in members.items()
    ]
    return f"{drug} {verb} {_listed(by_family)}{source}"


def _listed(names: Sequence[str]) -> str:
    """`A, B and C`; with a comma before the last where one of the names is a list itself."""
    last = ", and " if any(" and " in name for name in names) else " and "
    return f"{', '.join(names[:-1])}{last}{names[-1]}" if len(names) > 1 else names[0]


def _common(clauses: Sequence[str]) -> str:
    """The words that all clauses begin with."""
    words = [clause.split(" ") for clause in clauses]
    shared = 0
    while all(len(row) > shared and row[shared] == words[0][shared] for row in words):
        shared += 1
    return " ".join(words[0][:shared]) + (" " if shared else "")


_VERBS = tuple(relation_verb(name) for name in ("DRUGBANK::target::", "Hetionet::CbG::", "GNBR::B::", "GNBR::N::"))
