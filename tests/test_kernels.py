"""What similar drugs and similar diseases suggest, and that hidden edges suggest nothing."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from kedrec.graphdb.groups import Groups
from kedrec.graphdb.link_prediction.kernels import is_therapeutic
from kedrec.graphdb.link_prediction.links import LINK_FIELDS, LinkModel
from kedrec.graphdb.link_prediction.treatments import GraphFacts

TARGET, TREATS = "DRUGBANK::target::Compound:Gene", "DRUGBANK::treats::Compound:Disease"


@dataclass
class Graph:
    """A small graph in memory."""

    triples: list[tuple[str, str, str]]
    source_sha256: str = "test"
    ids: list[str] = field(init=False)

    def __post_init__(self):
        self.ids = sorted({end for head, _, tail in self.triples for end in (head, tail)})
        self.names = [entity.split("::")[1] for entity in self.ids]
        self.relations = sorted({relation for _, relation, _ in self.triples})
        place = {name: i for i, name in enumerate(self.ids)}
        self.heads = np.array([place[head] for head, _, _ in self.triples], np.int32)
        self.rels = np.array([self.relations.index(relation) for _, relation, _ in self.triples], np.int32)
        self.tails = np.array([place[tail] for _, _, tail in self.triples], np.int32)

    groups = Groups()

    def synonyms(self, i):
        return ()


def drug(name):
    return f"Compound::{name}"


def ill(name):
    return f"Disease::{name}"


TRIPLES = [
    *((drug(name), TARGET, "Gene::ADRB1") for name in ("atenolol", "metoprolol", "bisoprolol")),
    *((drug(name), TARGET, "Gene::JAK1") for name in ("tofacitinib", "baricitinib")),
    *((drug(name), TREATS, ill("hypertension")) for name in ("atenolol", "metoprolol", "bisoprolol")),
    *((drug(name), TREATS, ill("angina")) for name in ("atenolol", "metoprolol")),
    *((drug(name), TREATS, ill("arthritis")) for name in ("tofacitinib", "baricitinib")),
    (drug("aspirin"), TREATS, ill("fever")),
]


def column(model, disease, drugs, name):
    return model.features(ill(disease), [drug(one) for one in drugs])[:, LINK_FIELDS.index(name)]


@pytest.mark.parametrize("name", ["ridge", "ridge_smooth", "drug_targets_best", "drug_joint_best", "walk"])
def test_a_drug_like_those_that_treat_scores_higher(name):
    hidden = {frozenset((drug("bisoprolol"), ill("hypertension")))}
    good, bad = column(
        LinkModel(GraphFacts(Graph(TRIPLES)), hidden), "hypertension", ["bisoprolol", "baricitinib"], name
    )
    assert good > bad


def test_hidden_is_the_same_as_never_loaded():
    pair = (drug("bisoprolol"), ill("hypertension"))
    hidden = LinkModel(GraphFacts(Graph(TRIPLES)), {frozenset(pair)})
    absent = LinkModel(GraphFacts(Graph([t for t in TRIPLES if (t[0], t[2]) != pair])))
    for disease in ("hypertension", "angina", "arthritis", "fever"):
        drugs = [drug(name) for name in ("atenolol", "bisoprolol", "baricitinib", "aspirin")]
        np.testing.assert_allclose(
            hidden.features(ill(disease), drugs), absent.features(ill(disease), drugs), rtol=1e-4, atol=1e-5
        )


def test_a_pair_is_not_scored_by_its_own_edge():
    shown = LinkModel(GraphFacts(Graph(TRIPLES)))
    assert column(shown, "fever", ["aspirin"], "drug_joint_best")[0] == 0
    assert column(shown, "fever", ["aspirin"], "disease_joint_best")[0] == 0
    assert abs(column(shown, "fever", ["aspirin"], "ridge_drug")[0]) < 1e-4
    assert shown.similar_drugs(ill("fever"), drug("aspirin")) == []


def test_neighbours_named_are_neighbours_in_the_visible_graph():
    model = LinkModel(GraphFacts(Graph(TRIPLES)), {frozenset((drug("atenolol"), ill("angina")))})
    assert [near.id for near in model.similar_drugs(ill("angina"), drug("bisoprolol"))] == [drug("metoprolol")]
    assert ill("angina") not in [near.id for near in model.similar_diseases(ill("hypertension"), drug("atenolol"))]


@pytest.mark.parametrize("triples", [[], [(drug("a"), TARGET, "Gene::1")], [(drug("a"), TREATS, ill("b"))]])
def test_a_graph_with_little_in_it_gives_numbers_or_nan(triples):
    table = LinkModel(GraphFacts(Graph(triples))).features(ill("b"), [drug("a"), drug("unknown")])
    assert table.shape == (2, len(LINK_FIELDS))
    assert np.isnan(table[1]).all()


def test_unknown_entities_give_nan():
    model = LinkModel(GraphFacts(Graph(TRIPLES)))
    assert np.isnan(model.features("Disease::none", [drug("aspirin")])).all()


def test_contraindications_are_no_uses():
    stated = {
        "DRUGBANK::treats::Compound:Disease",
        "Hetionet::CtD::Compound:Disease",
        "Hetionet::CpD::Compound:Disease",
    }
    stated |= {"GNBR::T::Compound:Disease"}
    other = {"GNBR::Sa::Compound:Disease", "GNBR::J::Compound:Disease", "GNBR::Mp::Compound:Disease", TARGET}
    assert all(map(is_therapeutic, stated))
    assert not any(map(is_therapeutic, other))
