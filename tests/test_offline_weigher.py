"""The weigher follows the evidence, says where it stands, and uses nothing that a setting or a hidden pair forbids."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from test_kernels import TREATS, TRIPLES, Graph, drug, ill

from kedrec.agents.offline import ranker as ranker_module
from kedrec.agents.offline.factor_texts import Facts
from kedrec.agents.offline.fit import fit
from kedrec.agents.offline.items import fold_of, read_items
from kedrec.agents.offline.literature_build import MemoryLiterature, build
from kedrec.agents.offline.literature_stats import open_derived
from kedrec.agents.offline.question_features import field_groups, field_names
from kedrec.agents.offline.ranker import MODEL_FOLDER, Ranker, load_ranker
from kedrec.agents.offline.roles.weighed import edge_share
from kedrec.agents.offline.weigher import Weigher
from kedrec.errors import DamagedData, InputError, NotReady
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.treatments import GraphFacts
from kedrec.records import SETTINGS, Document

DOCUMENTS = [
    Document(id="PMID:1", corpus="pubmed", title="Bisoprolol", text="Bisoprolol improved hypertension."),
    Document(id="PMID:2", corpus="pubmed", title="Hypertension", text="Treated with bisoprolol and atenolol."),
    Document(id="PMID:3", corpus="pubmed", title="Arthritis", text="Baricitinib was effective for arthritis."),
    Document(
        id="NCT00000001", corpus="trials", title="", text="['hypertension'] ['bisoprolol'] Inclusion Criteria: adults",
        phase="3", status="completed",
    ),
    Document(
        id="NCT00000002", corpus="trials", title="", text="Baricitinib in arthritis. Exclusion Criteria: hypertension",
        phase="2", status="terminated",
    ),
]  # fmt: skip
CANDIDATES = [drug("bisoprolol"), drug("baricitinib")]
PAIR = frozenset((drug("bisoprolol"), ill("hypertension")))


@pytest.fixture
def weigher(tmp_path):
    made = Weigher.open(Graph(TRIPLES), MemoryLiterature(DOCUMENTS), tmp_path)
    made.prepare()
    return made


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_order_of_candidates_does_not_matter(weigher, setting):
    one = weigher.weigh(ill("hypertension"), CANDIDATES, setting, frozenset({PAIR})).candidates
    other = weigher.weigh(ill("hypertension"), CANDIDATES[::-1], setting, frozenset({PAIR})).candidates
    assert one == other[::-1]


@pytest.mark.parametrize("setting", SETTINGS)
def test_shares_make_up_the_score_and_chances_sum_to_one(weigher, setting):
    for candidates in (CANDIDATES, [*CANDIDATES, drug("aspirin")]):
        scores = weigher.weigh(ill("hypertension"), candidates, setting).candidates
        assert sum(score.probability for score in scores) == pytest.approx(1, abs=1e-5)
        for score in scores:
            told = sum(factor.share for factor in score.factors)
            assert told == pytest.approx(score.score, abs=0.02 * len(field_groups(setting)))


def test_what_is_measured_depends_on_the_evidence_and_not_on_the_weights(weigher, tmp_path):
    ranker = load_ranker()
    heavier = Ranker(ranker.boosters, {setting: 9.0 * slope for setting, slope in ranker.slopes.items()}, ranker.card)
    other = Weigher(Graph(TRIPLES), MemoryLiterature(DOCUMENTS), tmp_path, heavier)
    asked = (ill("hypertension"), CANDIDATES, "both", frozenset({PAIR}))
    one, two = weigher.weigh(*asked).candidates, other.weigh(*asked).candidates
    assert [score.measures for score in one] == [score.measures for score in two]
    assert [score.score for score in one] != [score.score for score in two]
    bisoprolol, baricitinib = (score.measures for score in one)
    assert bisoprolol["articles"] > baricitinib["articles"]


@pytest.mark.parametrize(("setting", "corpora"), [("none", 0), ("trials", 1), ("articles", 1), ("both", 2)])
def test_only_what_a_setting_may_use_is_measured(weigher, setting, corpora):
    measured = weigher.weigh(ill("hypertension"), CANDIDATES, setting).candidates[0].measures
    assert len(measured) == 2 + 3 * corpora


def test_hidden_is_the_same_as_never_loaded(tmp_path):
    literature = MemoryLiterature(DOCUMENTS)
    without = Graph([t for t in TRIPLES if frozenset((t[0], t[2])) != PAIR])
    made = [Weigher.open(graph, literature, tmp_path / str(i)) for i, graph in enumerate((Graph(TRIPLES), without))]
    for one in made:
        one.prepare()
    for setting in SETTINGS:
        hidden = made[0].weigh(ill("hypertension"), CANDIDATES, setting, frozenset({PAIR})).candidates
        absent = made[1].weigh(ill("hypertension"), CANDIDATES, setting).candidates
        for one, other in zip(hidden, absent, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            assert [factor.text for factor in one.factors] == [factor.text for factor in other.factors]


def test_a_visible_edge_decides_and_is_cited(weigher):
    shown, other = weigher.weigh(ill("arthritis"), [drug("baricitinib"), drug("bisoprolol")], "none").candidates
    assert shown.probability > 0.95
    direct = next(factor for factor in shown.factors if factor.group == "direct edge")
    assert direct.share == edge_share(direct.sources) > 0
    assert direct.sources == (f"{drug('baricitinib')}|{TREATS}|{ill('arthritis')}",)
    assert all(factor.group != "direct edge" for factor in other.factors)


def test_a_hidden_edge_is_never_cited(weigher):
    scores = weigher.weigh(ill("hypertension"), CANDIDATES, "both", frozenset({PAIR})).candidates
    cited = {source for score in scores for factor in score.factors for source in factor.sources}
    assert f"{drug('bisoprolol')}|{TREATS}|{ill('hypertension')}" not in cited


def test_cited_documents_name_both_and_cited_edges_exist(weigher):
    texts = {document.id: f"{document.title} {document.text}".lower() for document in DOCUMENTS}
    edges = {"|".join(triple) for triple in TRIPLES}
    sources = [
        (source, score.id, factor.group)
        for score in weigher.weigh(ill("hypertension"), CANDIDATES, "both", frozenset({PAIR})).candidates
        for factor in score.factors
        for source in factor.sources
    ]
    for source, candidate, group in sources:
        assert source in edges or source in texts
        if source in texts and not group.startswith("class"):
            assert candidate.split("::")[1] in texts[source]
            assert "hypertension" in texts[source]


def facts_of(folder, documents) -> Facts:
    graph = Graph(TRIPLES)
    derived = build(folder, graph, MemoryLiterature(documents))
    return Facts(LinkModel(GraphFacts(graph), frozenset()), derived, frozenset())


def article(number: int, title: str, text: str) -> Document:
    return Document(id=f"PMID:{number}", corpus="pubmed", title=title, text=text)


APART = article(1, "Bisoprolol", "It was looked at. Patients with hypertension were left out.")
TOGETHER = article(2, "Study", "Bisoprolol improved hypertension.")
TITLED = article(3, "Bisoprolol for hypertension", "Nothing else.")


@pytest.mark.parametrize(
    ("documents", "cited", "said"),
    [
        ([APART, TOGETHER, TITLED], ("PMID:3",), "both in the title"),
        ([TOGETHER], ("PMID:2",), "the only such document"),
        ([APART, TOGETHER], ("PMID:1", "PMID:2"), "name both anywhere"),
        ([APART], (), "no sentence"),
    ],
)
def test_a_claim_says_just_what_the_documents_cited_hold(tmp_path, documents, cited, said):
    facts = facts_of(tmp_path, documents)
    text, sources = facts.of("claims in articles", ill("hypertension"), drug("bisoprolol"))
    assert said in text and tuple(sorted(sources)) == cited


def test_each_drug_named_as_similar_stands_in_a_document_cited_with_the_disease(tmp_path):
    facts = facts_of(tmp_path, DOCUMENTS)
    text, sources = facts.of("class in articles", ill("hypertension"), drug("bisoprolol"))
    named = text.rpartition(": ")[2].lower().split(", ")
    cited = [f"{document.title} {document.text}".lower() for document in DOCUMENTS if document.id in sources]
    assert cited and named == ["atenolol"]
    assert all(any(name in one and "hypertension" in one for one in cited) for name in named)


@pytest.mark.parametrize(
    ("setting", "never"), [("none", ("PMID", "NCT")), ("trials", ("PMID",)), ("articles", ("NCT",))]
)
def test_a_setting_uses_its_own_corpora_only(weigher, setting, never):
    weighing = weigher.weigh(ill("hypertension"), CANDIDATES, setting)
    cited = [source for score in weighing.candidates for factor in score.factors for source in factor.sources]
    assert not [source for source in cited if source.startswith(never)]


def test_literature_changes_nothing_in_the_setting_none(tmp_path):
    bare = Weigher.open(Graph(TRIPLES), MemoryLiterature([]), tmp_path / "bare")
    full = Weigher.open(Graph(TRIPLES), MemoryLiterature(DOCUMENTS), tmp_path / "full")
    full.prepare()
    assert bare.weigh(ill("angina"), CANDIDATES, "none") == full.weigh(ill("angina"), CANDIDATES, "none")


def test_what_is_missing_is_said(tmp_path):
    literature = MemoryLiterature(DOCUMENTS)
    made = Weigher.open(Graph(TRIPLES), literature, tmp_path)
    before = made.weigh(ill("hypertension"), CANDIDATES, "both")
    assert any("not been prepared" in note for note in before.notes)
    assert len(before.candidates) == 2
    made.prepare()
    assert not any("prepared" in note for note in made.weigh(ill("hypertension"), CANDIDATES, "both").notes)
    unknown = made.weigh("Disease::nowhere", [drug("nothing"), drug("aspirin")], "both")
    assert any("Disease::nowhere is not in the graph" in note for note in unknown.notes)
    assert sum(score.probability for score in unknown.candidates) == pytest.approx(1, abs=1e-5)
    empty = Weigher.open(Graph([]), MemoryLiterature([]), tmp_path / "empty")
    assert any("no trials" in note for note in empty.weigh(ill("x"), [drug("a")], "trials").notes)


def test_new_literature_is_noticed(tmp_path):
    graph = Graph(TRIPLES)
    build(tmp_path, graph, MemoryLiterature(DOCUMENTS[:1]))
    assert open_derived(tmp_path, graph, MemoryLiterature(DOCUMENTS).content_sha256) is None


def test_a_killed_build_goes_on_and_leaves_nothing_half_done(tmp_path):
    class Killed(MemoryLiterature):
        def documents(self, corpus):
            if corpus == "trials":
                raise KeyboardInterrupt
            return super().documents(corpus)

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, Graph(TRIPLES), Killed(DOCUMENTS))
    half = open_derived(tmp_path, Graph(TRIPLES), MemoryLiterature(DOCUMENTS).content_sha256)
    assert half is not None
    assert list(half.corpora) == ["articles"]
    stamp = next(tmp_path.glob("*/articles/arrays.npz")).stat().st_mtime_ns
    whole = build(tmp_path, Graph(TRIPLES), MemoryLiterature(DOCUMENTS))
    assert set(whole.corpora) == {"articles", "trials"}
    assert next(tmp_path.glob("*/articles/arrays.npz")).stat().st_mtime_ns == stamp


def test_ranking_puts_the_drugs_of_a_disease_first_and_agrees_with_itself(weigher):
    ranked = weigher.rank(ill("hypertension"), "both", top=5)
    assert {score.id for score in ranked[:3]} == {drug("atenolol"), drug("metoprolol"), drug("bisoprolol")}
    assert [score.score for score in ranked] == sorted((score.score for score in ranked), reverse=True)
    assert weigher.rank(ill("hypertension"), "both", top=2) == ranked[:2]
    assert weigher.rank("Disease::nowhere", "both") == []


def test_the_shipped_model_fits_this_version_and_says_what_it_was_fitted_on():
    ranker = load_ranker()
    assert set(ranker.boosters) == set(SETTINGS)
    assert {"pairs", "graph_sha256", "literature_sha256", "cross_validation", "versions"} <= set(ranker.card)
    assert all(slope > 0 for slope in ranker.slopes.values())


def test_a_question_reads_the_forests_of_its_own_setting_alone(tmp_path):
    for path in MODEL_FOLDER.iterdir():
        if path.suffix == ".json" or path.name.startswith("none-"):
            shutil.copy(path, tmp_path)
    made = Weigher.open(Graph(TRIPLES), MemoryLiterature([]), tmp_path / "derived", tmp_path)
    shipped = Weigher.open(Graph(TRIPLES), MemoryLiterature([]), tmp_path / "derived")
    assert made.weigh(ill("fever"), CANDIDATES, "none") == shipped.weigh(ill("fever"), CANDIDATES, "none")


def test_forests_fitted_on_other_fields_are_refused(tmp_path):
    for path in MODEL_FOLDER.iterdir():
        shutil.copy(path, tmp_path / path.name.replace("both-", "none-"))
    with pytest.raises(DamagedData, match="fit it again"):
        Weigher.open(Graph(TRIPLES), MemoryLiterature([]), tmp_path / "derived", tmp_path).weigh(
            ill("fever"), CANDIDATES, "none"
        )


def test_no_model_is_an_error_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(NotReady, match="kedrec model fit"):
        load_ranker(tmp_path)


def write_pairs(path: Path, count: int = 60) -> Path:
    """Pairs over a graph in which drugs of one target treat one disease."""
    rng = random.Random(0)
    rows = []
    for i in range(count):
        good, bad = rng.sample(range(6), 2)
        candidates = [{"id": drug(f"g{good}x{i % 4}"), "name": ""}, {"id": drug(f"g{bad}x{i % 4}"), "name": ""}]
        answer = candidates[0]["id"]
        rng.shuffle(candidates)
        rows.append({"disease": {"id": ill(f"d{good}"), "name": ""}, "candidates": candidates, "answer": answer})
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def many() -> Graph:
    treats = [(drug(f"g{g}x{i}"), TREATS, ill(f"d{g}")) for g in range(6) for i in range(8)]
    targets = [(drug(f"g{g}x{i}"), "DRUGBANK::target::Compound:Gene", f"Gene::{g}") for g in range(6) for i in range(8)]
    return Graph(treats + targets)


def test_fitting_learns_from_pairs_and_is_repeatable(tmp_path, monkeypatch):
    monkeypatch.setattr(ranker_module, "ROUNDS", 30)
    monkeypatch.setattr(ranker_module, "SEEDS", (0,))
    pairs = write_pairs(tmp_path / "pairs.jsonl", 240)
    literature = MemoryLiterature(DOCUMENTS)
    reports = [fit(pairs, many(), literature, tmp_path / f"m{i}", tmp_path / "derived") for i in range(2)]
    assert reports[0] == reports[1]
    assert reports[0].accuracy["none"] > 0.9
    ranker: Ranker = load_ranker(tmp_path / "m0")
    assert ranker.card["pairs"]["items"] == 240
    made = Weigher(many(), literature, tmp_path / "derived", ranker)
    hidden = frozenset({frozenset((drug("g1x0"), ill("d1")))})
    good, bad = made.weigh(ill("d1"), [drug("g1x0"), drug("g2x0")], "none", hidden).candidates
    assert good.probability > bad.probability


def test_folds_keep_a_disease_together_and_labels_stay_out_of_the_numbers(tmp_path):
    items = read_items(write_pairs(tmp_path / "pairs.jsonl"))
    folds = fold_of(items)
    assert all(len({folds[i] for i, one in enumerate(items) if one.disease == item.disease}) == 1 for item in items)


@pytest.mark.parametrize(
    "line", ["{}", "[]", "nonsense", '{"disease": {"id": "d"}, "candidates": [{"id": "a"}], "answer": "a"}']
)
def test_a_pair_that_cannot_be_read_is_named_by_its_line(tmp_path, line):
    path = tmp_path / "pairs.jsonl"
    path.write_text(f"{write_pairs(path, 1).read_text()}\n{line}\n")
    with pytest.raises(InputError, match="line 2"):
        read_items(path)


def test_names_and_groups_of_numbers_agree():
    for setting in SETTINGS:
        assert len(field_names(setting)) == len(set(field_names(setting))) == len(field_groups(setting))
    assert not np.intersect1d(field_names("none"), [name for name in field_names("both") if "." in name]).size
