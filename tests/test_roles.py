"""What a drug is to a disease: read from sentences, counted by document, and what becomes of it in a ranking."""

import json

import pytest

from kedrec.agents.agent import Agent, Query
from kedrec.agents.offline.chat_model import OfflineChatModel
from kedrec.agents.offline.rationale.main_reason import Reason, beside_harm
from kedrec.agents.offline.roles import RoleReader, RoleSource, decide, is_no_drug
from kedrec.agents.offline.roles.beside import with_left_out
from kedrec.agents.recommend import rank_drugs
from kedrec.agents.resources import Resources
from kedrec.config import Settings
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.records import Entity
from kedrec.tools.literature import Literature
from kedrec.tools.text.role_sentences import claims_of, left_out_of


def drug(name, *synonyms):
    return Entity(id=f"Compound::{name}", kind="Compound", name=name, synonyms=synonyms)


def ill(name, *synonyms):
    return Entity(id=f"Disease::{name}", kind="Disease", name=name, synonyms=synonyms)


def role_of(text, one, other):
    """The roles that a text states plainly."""
    return {claim.role for claim in claims_of(text, drug(one), ill(other)) if claim.weight == 1}


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("Bromocriptine for risperidone-induced hyperprolactinemia in adults.", "Risperidone", "Hyperprolactinemia"),
        ("We report amiodarone-induced hypothyroidism.", "Amiodarone", "hypothyroidism"),
        ("Hypokalaemia caused by amphotericin was common.", "Amphotericin", "Hypokalemia"),
        ("Parkinsonism due to metoclopramide is missed.", "Metoclopramide", "parkinsonism"),
        ("Timolol may worsen asthma.", "Timolol", "Asthma"),
        ("Naproxen increases the risk of gastric ulcer.", "Naproxen", "gastric ulcer"),
        ("Cough is a common side effect of enalapril.", "Enalapril", "cough"),
        ("Severe hyperkalemia during combined therapy with ACE inhibitors and spironolactone.", "Spironolactone",
         "hyperkalemia"),
        ("Metformin, an effective hypoglycemic, is cheap.", "Metformin", "hypoglycemic"),
        ("It was withdrawn: discontinuation of rofecoxib due to angina.", "Rofecoxib", "angina"),
        ("Lorazepam and other hypnotics are known risk factors for adverse events, including delirium and falls.",
         "Lorazepam", "delirium"),
        ("Although oxazepam is an old hypnotic, this drug might increase delirium.", "Oxazepam", "delirium"),
    ],
)  # fmt: skip
def test_a_sentence_that_blames_the_drug_makes_it_a_cause(text, one, other):
    assert role_of(text, one, other) == {"causes_or_worsens"}


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("Salbutamol is effective in the treatment of asthma.", "Salbutamol", "Asthma"),
        ("Asthma patients were treated with budesonide for a year.", "Budesonide", "Asthma"),
        ("Treatment of gout with allopurinol is old.", "Allopurinol", "gout"),
        ("Propranolol reduced haloperidol-induced akathisia.", "Propranolol", "akathisia"),
        ("Efficacy and safety of tolvaptan in patients with hyponatremia.", "Tolvaptan", "hyponatremia"),
    ],
)
def test_a_sentence_of_use_makes_it_a_treatment_and_no_cause(text, one, other):
    assert "causes_or_worsens" not in {claim.role for claim in claims_of(text, drug(one), ill(other))}
    assert "treats" in {claim.role for claim in claims_of(text, drug(one), ill(other))} or "Propranolol" in text


@pytest.mark.parametrize(
    ("text", "one", "other", "role"),
    [
        ("Asthma was confirmed by methacholine challenge.", "Methacholine", "Asthma", "diagnoses_or_provokes"),
        ("Cushing disease: a dexamethasone suppression test was done.", "Dexamethasone", "Cushing disease",
         "diagnoses_or_provokes"),
        ("Gout needs reduced serum uric acid.", "Uric acid", "gout", "own_substance_in_excess"),
        ("Wilson disease: copper overload of the liver.", "Copper", "Wilson disease", "own_substance_in_excess"),
        ("Wilson disease is a disorder of copper accumulation.", "Copper", "Wilson disease", "own_substance_in_excess"),
        ("Treatment removes excess copper in Wilson disease.", "Copper", "Wilson disease", "own_substance_in_excess"),
        ("Dobutamine stress echocardiography is useful and safe for angina.", "Dobutamine", "angina",
         "diagnoses_or_provokes"),
        ("A vasopressin V2 receptor antagonist for hyponatremia.", "Vasopressin", "hyponatremia",
         "own_substance_in_excess"),
        ("Propranolol is contraindicated in patients with asthma.", "Propranolol", "Asthma", "contraindicated"),
        ("Propranolol is not recommended in asthma.", "Propranolol", "Asthma", "contraindicated"),
        ("Four drugs are not recommended for patients with epilepsy, i.e.: amoxapine and bupropion.", "Bupropion",
         "epilepsy", "contraindicated"),
        ("Rosiglitazone has a label warning about its potential to cause or exacerbate heart failure.", "Rosiglitazone",
         "heart failure", "causes_or_worsens"),
        ("Timolol should not be used in asthma.", "Timolol", "asthma", "contraindicated"),
        ("Ergotamine should be avoided in angina.", "Ergotamine", "angina", "contraindicated"),
    ],
)  # fmt: skip
def test_tests_excess_and_contraindications_are_told_apart(text, one, other, role):
    assert role_of(text, one, other) == {role}


@pytest.mark.parametrize(
    "text",
    [
        "Timolol did not worsen asthma.",
        "There was no timolol-induced asthma.",
        "Asthma without timolol was rare.",
        "Scurvy and asthma are caused by timolol deficiency.",
    ],
)
def test_what_is_denied_is_no_harm(text):
    assert "causes_or_worsens" not in {claim.role for claim in claims_of(text, drug("Timolol"), ill("asthma"))}


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("Coronary flow reserve was determined by 13 N-ammonia in ischemia.", "Ammonia"),
        ("Ammonia PET found ischemia.", "Ammonia"),
        ("Gadobutrol is a new contrast agent, tried in ischemia.", "Gadobutrol"),
        ("Ischemia was seen after the radiotracer tetrofosmin.", "Tetrofosmin"),
        ("Gadoterate-enhanced MRI showed ischemia.", "Gadoterate"),
    ],
)
def test_what_pictures_are_made_with_is_a_test_by_one_sentence(text, one):
    claims = claims_of(text, drug(one), ill("ischemia"))
    assert decide([RoleSource(source_id="P", **claim._asdict()) for claim in claims]).role == "diagnoses_or_provokes"


def test_a_drug_given_before_pictures_is_no_test():
    assert not claims_of("Aspirin was given; PET showed ischemia.", drug("Aspirin"), ill("ischemia"))


def source(number, role, weight=1.0):
    return RoleSource(source_id=f"PMID:{number}", role=role, weight=weight, sentence="A sentence.")


def test_a_case_in_people_is_cited_before_one_in_animals():
    rats = source(1, "causes_or_worsens").model_copy(update={"sentence": "Indomethacin-induced ulcers in rats."})
    people = source(2, "causes_or_worsens").model_copy(update={"sentence": "Indomethacin-induced ulcers were usual."})
    assert decide([rats, people]).sources[0] == people


def test_whom_trials_leave_out_tells_nothing_of_a_drug_that_is_used():
    criteria = [source(number, "contraindicated") for number in range(5)]
    assert decide(with_left_out([source(9, "treats")], criteria)).role == "treats"
    assert decide(with_left_out([], criteria)).role == "contraindicated"


def test_documents_are_counted_and_not_sentences():
    same = [source(1, "causes_or_worsens"), source(1, "causes_or_worsens"), source(2, "treats")]
    assert decide(same).role == "treats"
    assert decide([source(n, "causes_or_worsens") for n in range(4)] + [source(9, "treats")]).is_harmful


def test_weak_text_alone_takes_no_drug_away():
    assert decide([source(1, "causes_or_worsens", 0.5)]).role == "unknown"
    assert decide([source(1, "diagnoses_or_provokes")]).role == "unknown"
    assert decide([]).role == "unknown"


def test_an_edge_of_use_outweighs_two_documents_of_harm():
    edge = RoleSource(source_id="a|treats|b", role="treats", weight=2.0, sentence="a")
    assert not decide([edge, source(1, "causes_or_worsens"), source(2, "causes_or_worsens")]).is_harmful
    assert decide([edge, *(source(n, "causes_or_worsens") for n in range(4))]).is_harmful


ASTHMA, EFFECT, OTHER = "Disease::MESH:D001249", "Side Effect::C0004096", "Disease::MESH:D006073"
SALBUTAMOL, METHACHOLINE, TIMOLOL = "Compound::DB01001", "Compound::DB06709", "Compound::DB00373"
BYSTANDER = "Compound::DB00316"
TWIN, TARGET, TREATS = "Compound::DB99999", "Compound::DB05876", "DRUGBANK::treats::Compound:Disease"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose literature and graph hold a treatment, a test, a cause, a target and a drug under two ids."""
    place = tmp_path_factory.mktemp("roles")
    settings = Settings(home=place / "home")
    edges = [
        (SALBUTAMOL, TREATS, ASTHMA), (METHACHOLINE, TREATS, OTHER), (TIMOLOL, TREATS, OTHER), (TWIN, TREATS, ASTHMA),
        (TARGET, TREATS, ASTHMA), (METHACHOLINE, TREATS, ASTHMA),
        (BYSTANDER, TREATS, OTHER), (TIMOLOL, "Hetionet::CcSE::Compound:Side Effect", EFFECT),
        (SALBUTAMOL, "DRUGBANK::target::Compound:Gene", "Gene::154"),
        (TARGET, "DRUGBANK::target::Compound:Gene", "Gene::5141"),
    ]  # fmt: skip
    names = [
        (ASTHMA, "asthma"), (OTHER, "glaucoma"), (EFFECT, "Asthma"), (SALBUTAMOL, "Salbutamol"), (TWIN, "Salbutamol"),
        (METHACHOLINE, "Methacholine"), (TIMOLOL, "Timolol"), (TARGET, "PDE4"), ("Gene::154", "ADRB2"),
        (BYSTANDER, "Paracetamol"),
        ("Gene::5141", "PDE4A"),
    ]  # fmt: skip
    (place / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in edges))
    (place / "names.tsv").write_text("".join(f"{one}\t{name}\t\n" for one, name in names))
    load_graph([place / "graph.tsv"], place / "names.tsv", settings.home / "graph")
    texts = [
        "Methacholine challenge in children with asthma.", "Asthma was confirmed by methacholine challenge.",
        "Salbutamol is effective in asthma.",
    ]  # fmt: skip
    rows = [{"id": f"PMID:{n}", "title": text, "abstract": text, "year": 2000} for n, text in enumerate(texts, 1)]
    (place / "articles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    literature = Literature.open(settings.home / "literature", settings)
    literature.add(place / "articles.jsonl", embed=False)
    resources = Resources.open(settings)
    resources.weigher().prepare()
    return resources


def test_a_ranking_leaves_out_causes_and_tests_and_says_why_with_citations(home):
    ranking = rank_drugs(home, "asthma", "both", 5)
    aside = {one.name: one for one in ranking.set_aside}
    assert [one.name for one in ranking.drugs] == ["Salbutamol"]
    assert aside["Methacholine"].role == "diagnoses_or_provokes"
    assert aside["Timolol"].role == "causes_or_worsens"
    for one in aside.values():
        assert one.sentence.citations
        assert set(one.sentence.citations) <= set(ranking.evidence)
    said = " ".join(ranking.not_found)
    assert "2: " in said
    assert "Methacholine" in said


def test_an_edge_that_no_text_bears_out_gives_way_to_two_texts_on_a_test(home):
    store = home.store
    disease, stated = store.get(ASTHMA), home.weigher().stated(ASTHMA, METHACHOLINE)
    assert stated
    told = home.role_reader("both").role(store.get(METHACHOLINE), disease, stated)
    assert told.role == "diagnoses_or_provokes"
    assert home.role_reader("none").role(store.get(METHACHOLINE), disease, stated).role == "treats"
    borne_out = home.weigher().stated(ASTHMA, SALBUTAMOL)
    assert home.role_reader("both").role(store.get(SALBUTAMOL), disease, borne_out).role == "treats"


def test_a_ranking_names_a_drug_once_and_no_target(home):
    said = " ".join(rank_drugs(home, "asthma", "both", 5).not_found)
    assert "PDE4" in said
    assert f"Salbutamol ({TWIN})" in said or f"Salbutamol ({SALBUTAMOL})" in said or "Taken as one" in said


def test_edges_of_harm_count_beside_side_effects(tmp_path):
    harm, marks = "GNBR::Sa::Compound:Disease", "GNBR::Mp::Compound:Disease"
    edges = [(TIMOLOL, harm, ASTHMA), (TIMOLOL, TREATS, OTHER), (SALBUTAMOL, marks, ASTHMA)]
    (tmp_path / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in edges))
    load_graph([tmp_path / "graph.tsv"], None, tmp_path / "graph")
    store = EmbeddedStore.open(tmp_path / "graph")
    reader = RoleReader(store, None, None, "none")
    disease = Entity(id=ASTHMA, kind="Disease", name="asthma")
    timolol = reader.role(Entity(id=TIMOLOL, kind="Compound", name="Timolol"), disease)
    assert timolol.role == "causes_or_worsens"
    assert timolol.sources[0].source_id == f"{TIMOLOL}|{harm}|{ASTHMA}"
    assert not reader.role(Entity(id=SALBUTAMOL, kind="Compound", name="Salbutamol"), disease).is_harmful


@pytest.mark.parametrize(("this", "opposite"), [("hypokalemia", "hyperkalemia"), ("Hyperthyroidism", "Hypothyroidism")])
def test_what_is_used_for_the_opposite_brings_the_disease_about(tmp_path, this, opposite):
    edges = [(TIMOLOL, TREATS, OTHER), (SALBUTAMOL, TREATS, OTHER), (SALBUTAMOL, TREATS, ASTHMA)]
    (tmp_path / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in edges))
    (tmp_path / "names.tsv").write_text(f"{ASTHMA}\t{this}\t\n{OTHER}\t{opposite}\t\n")
    load_graph([tmp_path / "graph.tsv"], tmp_path / "names.tsv", tmp_path / "graph")
    reader = RoleReader(EmbeddedStore.open(tmp_path / "graph"), None, None, "none")
    disease = Entity(id=ASTHMA, kind="Disease", name=this)
    found = reader.role(Entity(id=TIMOLOL, kind="Compound", name="Timolol"), disease)
    assert (found.role, found.sources[0].source_id) == ("causes_or_worsens", f"{TIMOLOL}|{TREATS}|{OTHER}")
    both = Entity(id=SALBUTAMOL, kind="Compound", name="Salbutamol")
    assert not reader.role(both, disease, (f"{SALBUTAMOL}|{TREATS}|{ASTHMA}",)).is_harmful


def test_a_setting_without_literature_rests_on_the_graph_alone(home):
    ranking = rank_drugs(home, "asthma", "none", 5)
    assert {one.name for one in ranking.set_aside} == {"Timolol"}


def test_a_symbol_is_a_target_only_where_the_graph_has_its_genes(home):
    store = home.store
    assert isinstance(store, EmbeddedStore)
    assert is_no_drug(drug("PDE4"), store)
    assert not is_no_drug(drug("AZT"), store)
    assert not is_no_drug(drug("PDE4", "rolipram"), store)


@pytest.mark.parametrize(
    "text",
    [
        "Timolol for the prevention of migraine.",
        "Prophylaxis of migraine with timolol was studied.",
        "Timolol prevented migraine in most.",
        "Migraine prophylaxis with timolol is old.",
    ],
)
def test_what_is_given_before_the_disease_prevents_it(text):
    assert role_of(text, "Timolol", "migraine") == {"prevents"}


def test_a_part_of_another_name_is_not_the_drug():
    assert not claims_of("Glucagon-like peptide-1 causes hypoglycemia.", drug("Glucagon"), ill("hypoglycemia"))


TRIAL = "Timolol for glaucoma. Timolol lowers pressure. Exclusion Criteria: - {}"


def test_a_trial_leaves_out_who_has_the_disease_and_names_it_nowhere_before_the_criteria():
    found = left_out_of(TRIAL.format("History of asthma."), drug("Timolol"), ill("asthma"))
    assert (found.role, found.names_both) == ("contraindicated", False)
    assert "History of asthma" in found.sentence
    assert left_out_of(TRIAL.format("History of asthma."), drug("Salbutamol"), ill("asthma")) is None
    assert left_out_of(TRIAL.format("History of asthma."), drug("Timolol"), ill("glaucoma")) is None
    assert left_out_of("Asthma. " + TRIAL.format("Mild asthma."), drug("Timolol"), ill("asthma")) is None


def test_figures_behind_the_criteria_of_a_trial_leave_nobody_out():
    assert left_out_of(TRIAL.format('1/1755 (0.06%)", " Asthma.'), drug("Timolol"), ill("asthma")) is None


def test_a_drug_that_is_only_kept_from_people_by_trials_is_not_said_to_be_contraindicated():
    claim = left_out_of(TRIAL.format("History of asthma."), drug("Timolol"), ill("asthma"))
    criteria = [RoleSource(source_id=f"NCT{number}", **claim._asdict()) for number in range(4)]
    assert decide(criteria).words == "was tried only in people without it"
    assert decide([*criteria, source(9, "contraindicated")]).words == "is contraindicated in it"


def asked(home, *drugs):
    with Agent(home._settings.model_copy(update={"setting": "both"}), home, OfflineChatModel(), None) as agent:
        return agent.run(Query(disease=ASTHMA, candidates=drugs, setting="both")).recommendation


@pytest.mark.parametrize("harmful", [METHACHOLINE, TIMOLOL])
def test_a_drug_that_does_harm_alone_is_never_a_choice_and_it_is_said_why(home, harmful):
    made = asked(home, harmful)
    assert (made.choice, made.leaning) == (None, None)
    assert "the disease" in made.abstained
    assert any(f"[{key}]" in made.abstained for key in made.evidence)
    [score] = made.scores
    assert {factor.group: factor.share < 0 for factor in score.factors}["role"]
    assert {factor.group: factor.sources for factor in score.factors}["role"]


@pytest.mark.parametrize("harmful", [METHACHOLINE, TIMOLOL])
def test_in_a_comparison_a_role_is_an_argument_that_is_cited(home, harmful):
    made = asked(home, harmful, SALBUTAMOL)
    assert made.choice == SALBUTAMOL
    shares = {score.id: {one.group: one.share for one in score.factors} for score in made.scores}
    assert shares[harmful]["role"] < 0 < shares[SALBUTAMOL]["role"]
    [told] = [one for one in made.sentences if one.kind == "safety" and "the disease" in one.text]
    assert told.citations
    assert any(note.startswith("Records that name both") for note in made.not_found)


def test_nothing_leans_to_a_drug_of_which_nothing_is_told_because_its_rival_does_harm(home):
    made = asked(home, TIMOLOL, BYSTANDER)
    assert (made.choice, made.leaning) == (None, None)
    assert "Timolol causes or worsens the disease" in made.abstained
    assert "Paracetamol: no article or trial" in made.abstained


def test_shares_of_a_score_sum_to_it_with_the_role(home):
    made = asked(home, METHACHOLINE, SALBUTAMOL)
    for score in made.scores:
        assert abs(score.score - sum(factor.share for factor in score.factors)) < 0.1
    assert abs(sum(score.probability for score in made.scores) - 1) < 1e-4


class Kin:
    """Knows a class and no documents."""

    def meetings(self, *_):
        return []

    def leaves_out(self, *_):
        return False

    def stated(self, *_):
        return ()

    def alike(self, *_):
        return [SALBUTAMOL, METHACHOLINE, TWIN]


@pytest.mark.parametrize(("harmful", "role"), [(3, "causes_or_worsens"), (2, "unknown"), (0, "unknown")])
def test_a_class_does_harm_where_three_of_it_do(tmp_path, harmful, role):
    harm = "GNBR::Sa::Compound:Disease"
    edges = [(one, harm, ASTHMA) for one in (SALBUTAMOL, METHACHOLINE, TWIN)[:harmful]]
    edges += [(one, TREATS, OTHER) for one in (SALBUTAMOL, METHACHOLINE, TWIN, TIMOLOL)]
    (tmp_path / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in [*edges, (TIMOLOL, TREATS, ASTHMA)]))
    load_graph([tmp_path / "graph.tsv"], None, tmp_path / "graph")
    reader = RoleReader(EmbeddedStore.open(tmp_path / "graph"), None, Kin(), "none")
    found = reader.role(
        Entity(id=TIMOLOL, kind="Compound", name="Timolol"), ill("asthma").model_copy(update={"id": ASTHMA})
    )
    assert found.role == role
    assert all(one.member for one in found.sources)


def test_where_all_rivals_do_harm_that_is_said_in_the_reason():
    harm, own = (
        decide([source(1, "causes_or_worsens")]),
        Reason((0, 0), "the graph lists it as a treatment of this disease", ("K1",)),
    )
    said = beside_harm(own, [drug("Betamol")], {"Compound::Betamol": harm})
    assert said is not None
    assert said.text == f"{own.text}, and Betamol causes or worsens the disease"
    assert said.keys == ("K1", harm.sources[0].source_id)
    alone = beside_harm(None, [drug("Betamol")], {"Compound::Betamol": harm})
    assert alone is not None
    assert alone.text == "Betamol causes or worsens the disease"
    assert beside_harm(own, [drug("Betamol"), drug("Gammane")], {"Compound::Betamol": harm}) is None
    assert beside_harm(own, [], {}) is None
