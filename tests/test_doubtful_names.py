"""Names that mislead are asked back, whole names are read, and a class is answered through members of it."""

import json

import pytest

from kedrec.agents.agent import Agent
from kedrec.agents.chat.conversation import Conversation
from kedrec.agents.chat.entity_finder import find_names
from kedrec.agents.offline.roles.wordings import class_in, is_member
from kedrec.agents.resources import Resources
from kedrec.config import Settings
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.names.readings import fits_letters, is_told_by
from kedrec.tools.literature import Literature

PKU, PAH, ANGELMAN, LUNG, COPD = (f"Disease::MESH:D{n}" for n in ("010661", "000081029", "017204", "008171", "029424"))
TINEA, ANDROGENIC, AREATA, COUGH = (f"Disease::MESH:D{n}" for n in ("014008", "000505", "000506", "003371"))
SILDENAFIL, TOLNAFTATE, ENALAPRIL, LISINOPRIL = (f"Compound::DB{n}" for n in ("00203", "00525", "00584", "00722"))
INFLIXIMAB, GOLIMUMAB, TNF = "Compound::DB00065", "Compound::DB06674", "Gene::7124"
RARE, CELLULITIS = "Disease::MESH:C537243", "Disease::MESH:D002481"
TREATS, TARGETS = "DRUGBANK::treats::Compound:Disease", "DRUGBANK::target::Compound:Gene"
EDGES = [
    (SILDENAFIL, TREATS, PAH), (TOLNAFTATE, TREATS, TINEA), (ENALAPRIL, TREATS, LUNG), (LISINOPRIL, TREATS, COPD),
    (INFLIXIMAB, TARGETS, TNF), (GOLIMUMAB, TARGETS, TNF), (INFLIXIMAB, TREATS, ANGELMAN), (GOLIMUMAB, TREATS, PKU),
    (SILDENAFIL, TREATS, ANDROGENIC), (SILDENAFIL, TREATS, AREATA), (GOLIMUMAB, TREATS, COUGH),
    (INFLIXIMAB, TREATS, RARE), (ENALAPRIL, TREATS, CELLULITIS),
]  # fmt: skip
NAMES = [
    (PKU, "Classical phenylketonuria", "PAH|phenylketonuria"), (PAH, "Pulmonary arterial hypertension", ""),
    (ANGELMAN, "angelman syndrome", "axial spondyloarthritis|happy puppet syndrome"),
    (LUNG, "Lung Diseases", "pulmonary disease"), (TINEA, "Tinea pedis", "Athlete's foot"),
    (COUGH, "cough", "cough, familial"), (RARE, "cough, familial", ""),
    (CELLULITIS, "phlegm", "cellulitis"),
    (COPD, "Chronic obstructive lung disease", "chronic obstructive pulmonary disease"),
    (ANDROGENIC, "androgenic alopecia", "alopecia"), (AREATA, "Alopecia Areata", ""), (SILDENAFIL, "Sildenafil", ""),
    (TOLNAFTATE, "Tolnaftate", "Athletes Foot"), (ENALAPRIL, "Enalapril", ""), (LISINOPRIL, "Lisinopril", ""),
    (INFLIXIMAB, "Infliximab", ""), (GOLIMUMAB, "Golimumab", ""), (TNF, "TNF", ""),
]  # fmt: skip
TEXTS = [
    *(f"Pulmonary arterial hypertension (PAH) in town {n}." for n in range(3)),
    *(f"{ill} in town {n}." for ill in ("Axial spondyloarthritis", "Cellulitis") for n in range(24)),
    "Enalapril-induced cough.", "Lisinopril-induced cough in adults.", "Cough caused by enalapril.",
    "Infliximab-induced cough.", "Golimumab and cough in twelve towns.",
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home whose graph has names that mislead, and whose articles mean something else by them."""
    place = tmp_path_factory.mktemp("doubtful")
    settings = Settings(home=place / "home", setting="both")
    (place / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in EDGES))
    (place / "names.tsv").write_text("".join("\t".join(row) + "\n" for row in NAMES))
    load_graph([place / "graph.tsv"], place / "names.tsv", settings.home / "graph")
    rows = [{"id": f"PMID:{n}", "title": text, "abstract": text, "year": 2000} for n, text in enumerate(TEXTS, 1)]
    (place / "articles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Literature.open(settings.home / "literature", settings).add(place / "articles.jsonl", embed=False)
    Resources.open(settings).weigher().prepare()
    return settings


@pytest.fixture(scope="module")
def agent(home):
    with Agent.open(home, record=False) as opened:
        yield opened


def test_letters_stand_for_words_that_they_begin_and_for_no_others():
    assert fits_letters("COPD", "chronic obstructive pulmonary disease")
    assert fits_letters("NASH", "non-alcoholic steatohepatitis")
    assert not fits_letters("IBD", "irritable bowel syndrome")
    assert is_told_by("myocardial ischemia", ["ischaemic heart disease", "ischemic heart disease"])
    assert not is_told_by("axial spondyloarthritis", ["angelman syndrome", "happy puppet syndrome"])


def test_letters_that_articles_spell_out_otherwise_are_asked_back_and_the_reply_is_taken(agent):
    talk = Conversation(agent, "both")
    asked = talk.reply("Is sildenafil good for PAH?")
    assert asked.kind == "question"
    assert "Pulmonary arterial hypertension" in asked.text
    assert "Classical phenylketonuria" in asked.text
    talk.reply("1")
    assert talk.topic.disease.entity.id == PAH


def test_a_name_that_no_article_bears_out_is_asked_back(agent):
    talk = Conversation(agent, "both")
    asked = talk.reply("Is infliximab good for axial spondyloarthritis?")
    assert asked.kind == "question"
    assert "angelman syndrome" in asked.text
    talk.reply("yes")
    assert talk.topic.disease.entity.id == ANGELMAN


def test_a_name_beside_which_the_graph_has_but_one_other_is_taken(agent):
    talk = Conversation(agent, "both")
    assert talk.reply("Is enalapril good for cellulitis?").kind != "question"
    assert talk.topic.disease.entity.id == CELLULITIS


def test_without_literature_a_name_is_taken_as_the_graph_has_it(agent, tmp_path, home):
    settings = home.model_copy(update={"home": tmp_path / "home"})
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "graph").symlink_to(home.home / "graph")
    with Agent.open(settings, record=False) as bare:
        assert Conversation(bare, "none").reply("Is infliximab good for axial spondyloarthritis?").kind != "question"


def test_a_general_name_asks_which_illness_is_meant(agent):
    asked = Conversation(agent, "both").reply("Is sildenafil good for alopecia?")
    assert asked.kind == "question"
    assert "androgenic alopecia" in asked.text
    assert "Alopecia Areata" in asked.text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("sildenafil for chronic obstructive pulmonary disease", COPD),
        ("terbinafine for athlete's foot", TINEA),
        ("does it damage the lung in pulmonary disease", LUNG),
    ],
)
def test_a_whole_name_is_read_and_an_illness_comes_before_a_brand(agent, text, meant):
    found = find_names(text, agent.resources.store)
    assert [one.match.entity.id for one in found if one.kind == "Disease"] == [meant]
    assert TOLNAFTATE not in {one.match.entity.id for one in found}


def test_a_question_of_harm_about_a_class_is_answered_by_its_members_and_says_so(agent):
    reply = Conversation(agent, "both").reply("Do ACE inhibitors cause cough?")
    assert reply.kind == "topic"
    said = next(note for note in reply.notes if "is a class of drugs" in note)
    assert "Enalapril" in said
    assert "Lisinopril" in said
    assert any("causes or worsens it" in note for note in reply.notes)
    assert not any("Not taken into account" in note for note in reply.notes)


def test_a_class_that_is_called_after_its_target_has_the_drugs_on_it(agent):
    reply = Conversation(agent, "both").reply("Could TNF inhibitors cause cough?")
    said = next(note for note in reply.notes if "is a class of drugs" in note)
    assert "Infliximab" in said
    assert "Golimumab" in said


def test_a_class_of_no_known_members_is_asked_back(agent):
    assert "are a class" in Conversation(agent, "both").reply("Do antibiotics cause cough?").text


def test_members_of_which_none_is_of_use_are_no_contest(agent):
    reply = Conversation(agent, "both").reply("Which ACE inhibitor is best in cough?")
    assert reply.kind != "recommendation"


def test_an_unknown_illness_of_a_patient_is_asked_back(agent):
    asked = Conversation(agent, "both").reply("Is enalapril safe in a child with dengue?")
    assert asked.kind == "question"
    assert "dengue" in asked.text


def test_classes_are_named_as_texts_write_them():
    assert class_in("are proton-pump inhibitors safe") == "proton-pump inhibitors"
    assert is_member("steroids", "Dexamethasone")
    assert is_member("ACE inhibitors", "Enalapril")
    assert not is_member("ACE inhibitors", "Losartan")


def test_a_use_in_a_rarer_record_of_the_same_name_is_told_by_the_main_one(agent):
    reply = Conversation(agent, "both").reply("What is infliximab used for?")
    told = next(one.answer.text for one in reply.topics if one.title.startswith("What Infliximab"))
    assert "cough" in told
    assert "familial" not in told
