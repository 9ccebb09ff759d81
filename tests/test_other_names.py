"""Names that the graph lacks are read by documented other names in a chat, one entity alone, and always said."""

import pytest
from graph_stores import TREATS, embedded
from world import BARI, METHO, build

from kedrec.agents.agent import Agent
from kedrec.agents.chat.aspects import look_up
from kedrec.agents.chat.conversation import Conversation
from kedrec.agents.chat.question_parser import understand
from kedrec.graphdb.names.other_names import by_other_name, read_as

NAMES = {
    "Compound::1": "Acetaminophen", "Compound::2": "Furosemide", "Compound::3": "Methotrexate",
    "Compound::4": "Levothyroxine",
    "Compound::7": "Leflunomide", "Compound::8": "Vedolizumab", "Compound::9": "Serotonin",
    "Compound::5": "L-thyroxine", "Compound::6": "Sulfasalazine",
    "Disease::1": "Gout", "Disease::2": "Systemic lupus erythematosus",
    "Disease::3": "ckd", "Disease::4": "Ulcer",
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    edges = [(one, TREATS, "Disease::1") for one in NAMES if one.startswith("Compound")]
    edges += [("Compound::1", TREATS, f"Disease::{n}") for n in (2, 3, 4)]
    return embedded(tmp_path_factory.mktemp("graph"), edges, list(NAMES.items()))


def drugs(understood):
    return [drug.entity.name for drug in understood.drugs]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("paracetamol", "Acetaminophen"), ("Paracetamol", "Acetaminophen"), ("frusemide", "Furosemide"),
     ("MTX", "Methotrexate"), ("sulphasalazine", "Sulfasalazine"), ("amethopterin", "Methotrexate"),
     ("mtx", "Methotrexate"), ("LEF", "Leflunomide"), ("Entyvio", "Vedolizumab")],
)  # fmt: skip
def test_a_documented_other_name_is_taken_for_its_entity_and_said(store, written, meant):
    understood = understand(f"is {written} useful in gout?", store)
    assert drugs(understood) == [meant] and understood.ask_back is None
    (said,) = read_as(understood.drugs)
    assert f"“{written}” is read as {meant}" in said


@pytest.mark.parametrize("written", ["thyroxine", "paracetomal", "lef", "methotrexat"])
def test_a_name_of_two_entities_a_slip_and_letters_that_may_be_a_word_are_not_taken(store, written):
    assert drugs(understand(f"is {written} useful in gout?", store)) == []


def test_a_batch_takes_no_other_name(store):
    match = store.search("paracetamol", kinds=("Compound",), limit=3)
    assert match.entity is None and match.alternatives[0].name == "Acetaminophen"


def test_the_graphs_own_names_need_no_word(store):
    assert read_as(understand("acetaminophen or FUROSEMIDE for gout", store).drugs) == ()


def test_illnesses_have_other_names_too(store):
    understood = understand("is paracetamol useful in lupus?", store)
    assert understood.disease.entity.name == "Systemic lupus erythematosus"
    assert len(read_as([understood.disease, *understood.drugs])) == 2
    assert by_other_name("gout", store, "Disease") is None


def test_an_answer_says_how_another_name_was_read(tmp_path):
    with Agent.open(build(tmp_path / "home")) as agent:
        reply = Conversation(agent, "both").reply("MTX or baricitinib for rheumatoid arthritis?")
    assert {drug.id for drug in reply.recommendation.candidates} == {METHO, BARI}
    assert any("“MTX” is read as Methotrexate" in note for note in reply.notes)


@pytest.mark.parametrize("intent", ["use", "safety", "mechanism"])
def test_what_the_graph_lists_of_a_drug_cites_an_edge_for_each_name(tmp_path, intent):
    with Agent.open(build(tmp_path / "home")) as agent:
        for drug in (agent.resources.store.get(BARI), agent.resources.store.get("Compound::DB00795")):
            looked = look_up(agent, "none", [drug], (), lists=intent)
            for topic in (one.answer for one in looked.topics if one.answer.question.key == "listed"):
                names = topic.text.partition(":")[2].rstrip(".").split(";")
                told = [looked.evidence[key].text for key in topic.citations]
                assert len(names) == len(told) and all(drug.name in text for text in told)
                assert all(name.strip() in text for name, text in zip(names, told, strict=True))


def test_a_drug_in_the_name_of_a_syndrome_is_no_drug(store):
    asked = "does methotrexate with furosemide bring on serotonin syndrome?"
    assert drugs(understand(asked, store)) == ["Methotrexate", "Furosemide"]


def test_an_unknown_word_before_an_illness_is_asked_back_where_no_drug_is_known(store):
    understood = understand("Which randomised trials have been done with psilocybin in gout?", store)
    assert [match.query for match in understood.unclear] == ["psilocybin"] and understood.intent == "evidence"
    assert understand("Which medicines are there for gout?", store).ask_back is None
    assert understand("Which antibiotics are given for gout?", store).unclear == ()


@pytest.mark.parametrize("asked", ["HFpEF", "POTX"])
def test_unknown_letters_that_stand_for_an_illness_are_asked_back(store, asked):
    understood = understand(f"How does methotrexate act in {asked}?", store)
    assert asked in (understood.ask_back or "")


@pytest.mark.parametrize(
    ("asked", "left"),
    [("in gout with CKD", ()), ("in gout and CKD", ()), ("in lupus when there is an ulcer as well", ("ulcer",))],
)
def test_an_illness_with_another_one_is_asked_about_and_the_other_is_said(store, asked, left):
    understood = understand(f"Why is methotrexate preferred to furosemide {asked}?", store)
    assert understood.ask_back is None and understood.disease.entity.name in {"Gout", NAMES["Disease::2"]}
    assert set(left) <= set(understood.left_out)
    assert bool(left) or understood.wanted.about == ("kidney failure",)


def test_two_illnesses_that_stand_alike_are_asked_back(store):
    assert "Which disease" in (understand("methotrexate or furosemide for gout or lupus?", store).ask_back or "")


def test_harm_to_an_organ_by_either_drug_needs_no_disease(store):
    understood = understand("Which is harder on the liver, leflunomide or methotrexate?", store)
    assert understood.ask_back is None and understood.wanted.about == ("liver damage",)
