"""What is told of a drug's class, by signs of a disease and by whom trials leave out counts against the drug, cited."""

import json

import pytest

from kedrec.agents.agent import Agent, Query
from kedrec.agents.chat.aspects import NOT_FOUND, look_up
from kedrec.agents.chat.conversation import Conversation
from kedrec.agents.offline.decision import UNPROVEN
from kedrec.agents.offline.roles.wordings import classes_of, is_tracer, signs_of
from kedrec.agents.recommend import rank_drugs
from kedrec.agents.resources import Resources
from kedrec.config import Settings
from kedrec.graphdb.embedded.build import load_graph
from kedrec.records import Entity
from kedrec.tools.literature import Literature

ASTHMA, GLAUCOMA, AKATHISIA = "Disease::MESH:D001249", "Disease::MESH:D005901", "Disease::MESH:D011595"
PROPRANOLOL, SALBUTAMOL, BETAXOLOL = "Compound::DB00571", "Compound::DB01001", "Compound::DB00195"
OLANZAPINE, BENZATROPINE, TRACER = "Compound::DB00334", "Compound::DB00245", "Compound::DB08824"
GUAIFENESIN = "Compound::DB00874"
TREATS = "DRUGBANK::treats::Compound:Disease"
EDGES = [
    (SALBUTAMOL, TREATS, ASTHMA), (PROPRANOLOL, TREATS, GLAUCOMA), (BETAXOLOL, TREATS, GLAUCOMA),
    (OLANZAPINE, TREATS, AKATHISIA), (BENZATROPINE, TREATS, AKATHISIA), (TRACER, TREATS, AKATHISIA),
    (GUAIFENESIN, TREATS, GLAUCOMA),
]  # fmt: skip
NAMES = [
    (ASTHMA, "asthma"), (GLAUCOMA, "glaucoma"), (AKATHISIA, "akathisia"), (PROPRANOLOL, "Propranolol"),
    (SALBUTAMOL, "Salbutamol"), (BETAXOLOL, "Betaxolol"), (OLANZAPINE, "Olanzapine"), (BENZATROPINE, "Benzatropine"),
    (TRACER, "Ioflupane I 123"), (GUAIFENESIN, "Guaifenesin"),
]  # fmt: skip
TEXTS = [
    "Labetalol and beta-blockers are contraindicated in patients with asthma.",
    "It is difficult to use β-blockers for patients with asthma.",
    "Betaxolol may cause bronchospasm.", "Salbutamol is effective in asthma.",
    "Guaifenesin and asthma in twelve towns.", "Betaxolol and asthma in twelve towns.",
    "Neuroleptic-induced akathisia in adults.", "Clonidine for neuroleptic-induced akathisia.",
    "A scale for antipsychotic-induced akathisia.",
]  # fmt: skip
TRIAL = (
    "Propranolol for glaucoma. Propranolol lowers pressure. Inclusion Criteria: - Adults. "
    "Exclusion Criteria: - A history of asthma."
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home that tells of classes, of a sign and of a trial's criteria, and nothing of propranolol itself."""
    place = tmp_path_factory.mktemp("beside")
    settings = Settings(home=place / "home", setting="both")
    (place / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in EDGES))
    (place / "names.tsv").write_text("".join(f"{one}\t{name}\t\n" for one, name in NAMES))
    load_graph([place / "graph.tsv"], place / "names.tsv", settings.home / "graph")
    rows = [{"id": f"PMID:{n}", "title": text, "abstract": text, "year": 2000} for n, text in enumerate(TEXTS, 1)]
    trial = {"id": "NCT00000009", "text": TRIAL, "phase": "Phase 2", "status": "Completed"}
    literature = Literature.open(settings.home / "literature", settings)
    for name, records in (("articles", rows), ("trials", [trial])):
        (place / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in records))
        literature.add(place / f"{name}.jsonl", embed=False)
    resources = Resources.open(settings)
    resources.weigher().prepare()
    return resources


def role(home, one, ill):
    drug, disease = home.store.get(one), home.store.get(ill)
    return home.role_reader("both").role(drug, disease, home.weigher().stated(ill, one))


def test_what_is_said_of_a_class_speaks_against_its_members_of_which_nothing_is_told(home):
    found = role(home, PROPRANOLOL, ASTHMA)
    assert found.role == "contraindicated"
    assert {source.source_id for source in found.sources} == {"PMID:1", "PMID:2"}
    assert {source.member for source in found.sources} == {"beta-blocker"}
    assert not role(home, SALBUTAMOL, ASTHMA).is_harmful


def test_a_sign_of_the_disease_tells_that_the_drug_worsens_it(home):
    told = home.role_reader("both").cautions(home.store.get(BETAXOLOL), home.store.get(ASTHMA))
    assert "PMID:3" in {source.source_id for source in told if source.role == "causes_or_worsens" and not source.member}


def test_an_edge_that_no_text_bears_out_gives_way_to_what_is_told_of_the_class(home):
    assert role(home, OLANZAPINE, AKATHISIA).role == "causes_or_worsens"
    assert role(home, BENZATROPINE, AKATHISIA).role == "treats"


def test_a_drug_that_makes_pictures_is_a_test(home):
    assert role(home, TRACER, AKATHISIA).role == "diagnoses_or_provokes"


def test_without_literature_nothing_is_told_of_a_class(home):
    reader = home.role_reader("none")
    assert not reader.role(home.store.get(PROPRANOLOL), home.store.get(ASTHMA)).is_harmful


def test_where_drugs_bring_a_disease_about_only_those_of_a_stated_use_are_listed(home):
    ranking = rank_drugs(home, "asthma", "both", 5)
    assert [drug.name for drug in ranking.drugs] == ["Salbutamol"]
    assert "Betaxolol" in {one.name for one in ranking.set_aside}
    assert any("nothing tells of a use" in note and "Guaifenesin" in note for note in ranking.not_found)


def test_a_question_of_harm_quotes_the_class_and_the_trials_that_leave_people_out(home):
    with Agent(home._settings, home, None, None) as agent:
        drug, disease = home.store.get(PROPRANOLOL), home.store.get(ASTHMA)
        looked = look_up(agent, "both", [drug], [], harmful=disease)
    answer = looked.topics[0].answer
    assert "Of its class (beta-blocker): “" in answer.text and "contraindicated" in answer.text
    assert "A trial of it leaves out people with asthma: “A history of asthma" in answer.text
    cited = {looked.evidence[key].source_id for key in answer.citations}
    assert cited == {"PMID:1", "PMID:2", "NCT00000009"}


def test_a_danger_that_is_told_is_never_answered_with_silence(home):
    settings = home._settings.model_copy(update={"model": "offline"})
    with Agent.open(settings, record=False) as agent:
        reply = Conversation(agent, "both").reply("is propranolol dangerous in asthma?")
    assert reply.kind == "topic" and reply.topics[0].title.startswith("Caution")
    assert NOT_FOUND not in reply.notes
    assert "of its class (beta-blocker)" in " ".join(reply.notes)


def test_a_drug_asked_about_alone_is_no_choice_where_nothing_but_likeness_speaks_for_it(home):
    settings = home._settings.model_copy(update={"model": "offline"})
    with Agent.open(settings, record=False) as agent:
        made = agent.run(Query(disease=ASTHMA, candidates=(GUAIFENESIN,), setting="both")).recommendation
        known = agent.run(Query(disease=ASTHMA, candidates=(SALBUTAMOL,), setting="both")).recommendation
    assert made.choice is None and made.confidence <= UNPROVEN
    assert known.choice == SALBUTAMOL


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("Propranolol", ["beta-blocker"]), ("Insulin Glargine", ["insulin"]), ("inhaled insulin", ["insulin"]),
        ("Gliclazide", ["sulfonylurea"]), ("Lisinopril", ["ACE inhibitor"]), ("Stanozolol", []), ("Apomorphine", []),
        ("Glucose", []), ("Omeprazole", ["proton pump inhibitor"]), ("Aripiprazole", ["antipsychotic"]),
    ],
)  # fmt: skip
def test_a_class_is_told_by_the_stem_of_the_name(name, classes):
    assert [one.name for one in classes_of(Entity(id="Compound::1", kind="Compound", name=name))] == classes


def test_isotopes_of_imaging_are_tracers_and_those_of_treatment_are_not():
    names = {
        "Fludeoxyglucose (18F)": True,
        "Technetium Tc-99m sestamibi": True,
        "Iodine I-131": False,
        "Enalapril": False,
    }
    assert {name: is_tracer(Entity(id="Compound::1", kind="Compound", name=name)) for name in names} == names
    assert signs_of(Entity(id=GLAUCOMA, kind="Disease", name="psoriasis")) is None
