"""Edges and paths of the graph as readable sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kedrec.records import Edge, path_source
from kedrec.tools.text.untrusted_text import plain

__all__ = ["edge_sentence", "path_id", "path_sentence", "relation_verb"]

Namer = Callable[[str], str]
"""Entity id -> name."""

SOURCES = {
    "DRUGBANK": "DrugBank", "GNBR": "GNBR", "STRING": "STRING", "INTACT": "IntAct", "DGIDB": "DGIdb",
    "Hetionet": "Hetionet", "bioarx": "bioRxiv",
}  # fmt: skip
"""Source database as in the relation -> as people write it."""

VERBS = {
    "DRUGBANK::target": "targets", "DRUGBANK::enzyme": "is metabolised by", "DRUGBANK::carrier": "is carried by",
    "DRUGBANK::transporter": "is transported by", "DRUGBANK::treats": "treats", "DRUGBANK::x-atc": "has the ATC code",
    "DRUGBANK::ddi-interactor-in": "interacts with", "GNBR::T": "treats", "GNBR::Sa": "has as a side effect",
    "GNBR::Pa": "alleviates", "GNBR::C": "inhibits the cells of", "GNBR::J": "has a role in", "GNBR::Pr": "prevents",
    "GNBR::Mp": "is a biomarker of", "GNBR::E": "affects the expression of", "GNBR::A+": "activates",
    "GNBR::A-": "blocks", "GNBR::N": "inhibits", "GNBR::K": "has its metabolism changed by",
    "GNBR::E+": "raises the expression of", "GNBR::E-": "lowers the expression of", "GNBR::B": "binds",
    "GNBR::O": "is transported by", "GNBR::Z": "has an enzyme activity with", "GNBR::L": "is linked to improvement of",
    "GNBR::U": "is a cause of", "GNBR::Ud": "has mutations that affect the course of", "GNBR::D": "is a drug target in",
    "GNBR::Te": "may be a treatment of", "GNBR::Md": "is a biomarker of", "GNBR::G": "promotes the progression of",
    "GNBR::Y": "has polymorphisms that change the risk of", "GNBR::X": "is overexpressed in",
    "GNBR::V+": "activates", "GNBR::Q": "is made with", "GNBR::Rg": "regulates", "GNBR::I": "signals to",
    "GNBR::H": "is in one complex with", "GNBR::W": "enhances the response of", "GNBR::in_tax": "occurs in",
    "Hetionet::AdG": "has a lowered expression of", "Hetionet::AeG": "expresses",
    "Hetionet::AuG": "has a raised expression of", "Hetionet::CbG": "binds", "Hetionet::CcSE": "has as a side effect",
    "Hetionet::CdG": "lowers the expression of", "Hetionet::CpD": "palliates", "Hetionet::CrC": "resembles",
    "Hetionet::CtD": "treats", "Hetionet::CuG": "raises the expression of", "Hetionet::DaG": "is associated with",
    "Hetionet::DdG": "lowers the expression of", "Hetionet::DlA": "is located in", "Hetionet::DpS": "presents with",
    "Hetionet::DrD": "resembles", "Hetionet::DuG": "raises the expression of", "Hetionet::GcG": "covaries with",
    "Hetionet::GiG": "interacts with", "Hetionet::GpBP": "participates in", "Hetionet::GpCC": "is part of",
    "Hetionet::GpMF": "takes part in", "Hetionet::GpPW": "is in the pathway", "Hetionet::Gr>G": "regulates",
    "Hetionet::PCiC": "includes", "STRING::REACTION": "reacts with", "STRING::CATALYSIS": "catalyses a reaction of",
    "STRING::ACTIVATION": "activates", "STRING::INHIBITION": "inhibits", "STRING::OTHER": "is linked to",
    "STRING::BINDING": "binds", "STRING::PTMOD": "modifies", "STRING::EXPRESSION": "changes the expression of",
    "INTACT::PHYSICAL ASSOCIATION": "is physically associated with", "INTACT::ASSOCIATION": "is associated with",
    "INTACT::DIRECT INTERACTION": "interacts directly with", "INTACT::COLOCALIZATION": "is in the same place as",
    "INTACT::PHOSPHORYLATION REACTION": "phosphorylates", "INTACT::DEPHOSPHORYLATION REACTION": "dephosphorylates",
    "INTACT::UBIQUITINATION REACTION": "ubiquitinates", "INTACT::CLEAVAGE REACTION": "cleaves",
    "INTACT::PROTEIN CLEAVAGE": "cleaves", "INTACT::ADP RIBOSYLATION REACTION": "ADP-ribosylates",
    "DGIDB::OTHER": "is a target of", "DGIDB::INHIBITOR": "is inhibited by", "DGIDB::AGONIST": "is activated by",
    "DGIDB::ANTAGONIST": "is antagonised by", "DGIDB::BLOCKER": "is blocked by",
    "DGIDB::CHANNEL BLOCKER": "is a channel blocked by", "DGIDB::MODULATOR": "is modulated by",
    "DGIDB::POSITIVE ALLOSTERIC MODULATOR": "is allosterically enhanced by", "DGIDB::ACTIVATOR": "is activated by",
    "DGIDB::ALLOSTERIC MODULATOR": "is allosterically modulated by", "DGIDB::ANTIBODY": "is bound by the antibody",
    "DGIDB::BINDER": "is bound by", "DGIDB::PARTIAL AGONIST": "is partly activated by",
    "bioarx::HumGenHumGen:Gene:Gene": "interacts with", "bioarx::VirGenHumGen:Gene:Gene": "interacts with",
    "bioarx::DrugHumGen:Compound:Gene": "acts on", "bioarx::DrugVirGen:Compound:Gene": "acts on",
    "bioarx::Covid2_acc_host_gene": "involves", "bioarx::Coronavirus_ass_host_gene": "is associated with",
}  # fmt: skip
"""The first two parts of a relation of DRKG -> what its head does to its tail."""


def path_id(edges: Iterable[Edge]) -> str:
    """A path as its source id: `head|relation|tail`, its edges joined by ` ; `."""
    return path_source((edge.head, edge.relation, edge.tail) for edge in edges)


def edge_sentence(edge: Edge, name: Namer) -> str:
    """An edge as a clause: `Baricitinib targets JAK1 (DrugBank)`."""
    verb = relation_verb(edge.relation)
    source = SOURCES.get(edge.source, plain(edge.source, 40))
    return f"{plain(name(edge.head), 120)} {verb} {plain(name(edge.tail), 120)} ({source})"


def relation_verb(relation: str) -> str:
    """What a relation's head does to its tail: `targets`; a relation that DRKG does not have is quoted as it stands."""
    return VERBS.get("::".join(relation.split("::")[:2])) or f'is linked by "{plain(relation, 80)}" to'


def path_sentence(edges: Iterable[Edge], name: Namer) -> str:
    """A path as clauses joined by semicolons, in its order."""
    return "; ".join(edge_sentence(edge, name) for edge in edges)
