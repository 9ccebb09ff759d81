"""Questions of harm: how effects are worded, what is counted, what is cited, and when a message asks one."""

import json

import numpy as np
import pytest

from kedrec.agents.agent import Agent, Query
from kedrec.agents.chat.aspects import effect_asked
from kedrec.agents.chat.conversation import Conversation
from kedrec.agents.chat.question_parser import understand
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.offline.harms.weigher import HarmWeigher
from kedrec.config import Settings
from kedrec.errors import UserError
from kedrec.eval.harm_weights import differences, fit_harm_weights
from kedrec.eval.tables.beyond.asked_of_harms import asked_of_harms, harm_task
from kedrec.eval.tables.beyond.harm_questions import HarmQuestion, HarmQuestions, is_learnt
from kedrec.eval.tables.options import TablesOptions
from kedrec.eval.tables.world import World
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.vocabularies.side_effects import listed_as, wordings
from kedrec.records import Entity
from kedrec.tools.harm_toolbox import SAYS_LITTLE, harm_sentences
from kedrec.tools.literature import Literature

HARMS, CLASS = "Hetionet::CcSE::Compound:Side Effect", "Hetionet::PCiC::Pharmacologic Class:Compound"
COUGH, DIARRHOEA, RASH = (f"Side Effect::C{n}" for n in (10200, 11991, 15230))
CAPTOPRIL, LOSARTAN, ENALAPRIL, ASPIRIN = (f"Compound::DB0{n}" for n in (1197, "0678", "0584", "0945"))
ACE = "Pharmacologic Class::N0000175562"
HEADACHE_DISEASE = "Disease::MESH:D006261"
EDGES = [
    (CAPTOPRIL, HARMS, COUGH), (ENALAPRIL, HARMS, COUGH), (LOSARTAN, HARMS, DIARRHOEA), (CAPTOPRIL, HARMS, RASH),
    (ACE, CLASS, CAPTOPRIL), (ACE, CLASS, ENALAPRIL), (ASPIRIN, "Hetionet::CtD::Compound:Disease", HEADACHE_DISEASE),
    (ASPIRIN, HARMS, "Side Effect::C18681"),
]  # fmt: skip
NAMES = [
    (COUGH, "Cough"), (DIARRHOEA, "Diarrhoea"), (RASH, "Rash"), (CAPTOPRIL, "Captopril"), (LOSARTAN, "Losartan"),
    (ENALAPRIL, "Enalapril"), (ACE, "Angiotensin-converting Enzyme Inhibitors"), (ASPIRIN, "Aspirin"),
    (HEADACHE_DISEASE, "headache"), ("Side Effect::C18681", "Headache"),
]  # fmt: skip
TEXTS = [
    "Cough developed in 9 of 101 patients on captopril.", "Losartan was effective against diarrhea in a trial of cats.",
    "Diarrhea was reported as an adverse event of losartan in 3 patients.",
]  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    place = tmp_path_factory.mktemp("harms")
    settings = Settings(home=place / "home", setting="both", model="offline")
    (place / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in EDGES))
    (place / "names.tsv").write_text("".join(f"{one}\t{name}\t\n" for one, name in NAMES))
    load_graph([place / "graph.tsv"], place / "names.tsv", settings.home / "graph")
    rows = [{"id": f"PMID:{n}", "title": "A note", "abstract": text, "year": 2000} for n, text in enumerate(TEXTS, 1)]
    (place / "articles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Literature.open(settings.home / "literature", settings).add(place / "articles.jsonl", embed=False)
    return settings


def answer(settings, effect, *drugs, hidden=frozenset()):
    with Agent.open(settings, hidden=hidden, record=False) as agent:
        return agent.run(Query(disease=effect, candidates=drugs, setting="both")).recommendation


@pytest.mark.parametrize("name", ["Haematuria", "Weight increased", "Blood pressure decreased", "Dyspnoea", "Rash"])
def test_every_wording_of_an_effect_leads_back_to_its_name(name):
    assert all(name.lower() in listed_as(wording) for wording in (name, *wordings(name)))


def test_a_plural_is_listed_as_its_singular():
    assert "infection" in listed_as("Infections")


def test_a_stated_effect_is_chosen_and_cited_whatever_the_order(settings):
    for drugs in ((CAPTOPRIL, LOSARTAN), (LOSARTAN, CAPTOPRIL)):
        made = answer(settings, COUGH, *drugs)
        assert made.choice == CAPTOPRIL
        assert not made.struck_out
        assert "The graph lists Cough as a side effect of Captopril." in [one.text for one in made.sentences]
        assert made.chosen_as == "the likelier to bring about Cough"


def test_a_hidden_effect_is_neither_told_nor_cited(settings):
    made = answer(settings, COUGH, CAPTOPRIL, LOSARTAN, hidden=frozenset({frozenset({CAPTOPRIL, COUGH})}))
    edge = f"{CAPTOPRIL}|{HARMS}|{COUGH}"
    assert edge not in {one.source_id for one in made.evidence.values()}
    assert made.favoured == CAPTOPRIL  # by what an article says
    assert any("9 of 101 patients on captopril" in one.text for one in made.sentences)
    assert any("Enalapril has as a side effect Cough" in one.text for one in made.sentences)


def test_what_else_is_listed_of_a_drug_tells_nothing_and_there_is_no_choice(settings):
    made = answer(settings, RASH, ASPIRIN, LOSARTAN)  # both are listed with other effects
    assert made.favoured is None
    assert not made.sentences


def test_a_sentence_of_use_does_not_count_as_one_of_harm():
    drug = Entity(id=LOSARTAN, kind="Compound", name="Losartan")
    effect = Entity(id=DIARRHOEA, kind="Side Effect", name="Diarrhoea", synonyms=wordings("Diarrhoea"))
    kept = [text for text in TEXTS[1:] if harm_sentences(text, drug, effect)]
    assert kept == [TEXTS[2]]


@pytest.mark.parametrize(
    ("sentence", "counted"),
    [
        ("The risk of cough is high with losartan.", True),
        ("Losartan has a low risk of cough.", False),
        ("Cough was reported less often as an adverse event of losartan.", False),
    ],
)
def test_a_sentence_that_speaks_of_little_harm_does_not_count(sentence, counted):
    drug = Entity(id=LOSARTAN, kind="Compound", name="Losartan")
    effect = Entity(id=COUGH, kind="Side Effect", name="Cough")
    assert [SAYS_LITTLE.search(one) is None for one in harm_sentences(sentence, drug, effect)] == [counted]


def test_only_articles_that_may_be_read_are_counted(settings):
    store, literature = (
        Agent.open(settings, record=False).resources.store,
        Literature.open(settings.home / "literature", settings),
    )
    effect = store.get(COUGH)
    counted = {
        setting: HarmWeigher(store, literature).known(effect, store.get(CAPTOPRIL), setting, frozenset()).articles
        for setting in ("none", "trials", "articles", "both")
    }
    assert counted == {"none": (), "trials": (), "articles": ("PMID:1",), "both": ("PMID:1",)}


def test_a_model_that_reads_no_weighing_is_refused(settings):
    query = Query(disease=COUGH, candidates=(CAPTOPRIL, LOSARTAN), setting="none")
    with (
        Agent.open(settings, model=ScriptedChatModel(queue=["enough"]), record=False) as agent,
        pytest.raises(UserError, match="--model offline"),
    ):
        agent.run(query)


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("which causes more cough, captopril or losartan?", COUGH),
        ("is diarrhea more common with losartan or captopril?", DIARRHOEA),
        ("is captopril more likely to cause a rash than losartan?", RASH),
        ("does aspirin cause headaches more often than losartan?", "Side Effect::C18681"),
        ("which gives fewer headaches, aspirin or losartan?", None),  # aspirin is given for them
        ("captopril or losartan for cough?", None),
        ("which helps more against cough, captopril or losartan?", None),
        ("does captopril cause more cough?", None),
        ("for headache, does captopril or losartan cause more cough?", None),  # asked within a disease
    ],
)
def test_a_message_asks_about_harm_only_where_it_compares_drugs_by_it(settings, text, effect):
    with Agent.open(settings, record=False) as agent:
        store = agent.resources.store
        found = effect_asked(understand(text, store), store)
    assert (found.id if found else None) == effect


def test_a_contest_of_harm_recommends_nothing_and_its_sources_can_be_asked_for(settings):
    with Agent.open(settings, record=False) as agent:
        talk = Conversation(agent, "both")
        reply = talk.reply("which causes more cough, captopril or losartan?")
        assert (reply.kind, reply.recommendation) == ("topic", None)
        assert "Captopril" in reply.topics[0].title
        key = reply.topics[0].answer.citations[0]
        assert "Cough" in talk.reply(f"show me {key}").topics[0].answer.text


def test_fitted_weights_leave_no_slope():
    drawn = np.random.default_rng(0).normal(loc=(0.5, -0.2), size=(200, 2))
    weights = fit_harm_weights(drawn, strength=0.5)
    slope = drawn.T @ (1 - 1 / (1 + np.exp(-drawn @ weights))) - 0.5 * weights
    assert np.abs(slope).max() < 1e-6
    assert weights[0] > 0 > weights[1]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    """Forty drugs of two classes with six effects in turn, so that some are held out and some asked about."""
    place = tmp_path_factory.mktemp("drawn")
    edges, names = [], []
    for drug in range(40):
        one = f"Compound::DB9{drug:04}"
        names.append((one, f"Testdrug{chr(97 + drug % 26)}{chr(97 + drug // 26)}ol"))
        edges.append((f"Pharmacologic Class::N{drug % 2}", CLASS, one))
        edges += [(one, HARMS, f"Side Effect::C{effect}") for effect in range(6) if (drug // 2 + effect) % 3]
    names += [(f"Side Effect::C{n}", f"Effect {n}") for n in range(6)] + [
        (f"Pharmacologic Class::N{n}", f"Class {n}") for n in (0, 1)
    ]
    (place / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in edges))
    (place / "names.tsv").write_text("".join(f"{one}\t{name}\t\n" for one, name in names))
    load_graph([place / "graph.tsv"], place / "names.tsv", place / "home" / "graph")
    return World(Settings(home=place / "home"), TablesOptions(data=place), place / "out")


def test_weights_are_chosen_on_other_effects_than_are_asked_about(world):
    drawn = HarmQuestions(world)
    learnt, asked = ({one.effect for one in own} for own in (drawn.learnt(), drawn.asked()))
    assert learnt and asked and not learnt & asked
    assert all(map(is_learnt, learnt))


def test_what_is_held_out_is_not_counted(world):
    drawn = HarmQuestions(world)
    questions = drawn.learnt()[:20]
    table = differences(world, questions)
    assert not table.any()  # there is no literature, and the edges that are asked about are hidden
    weigher = HarmWeigher(world.store, None)
    for one in questions:
        drug, effect = (world.store.get(name) for name in (one.drugs[0], one.effect))
        assert weigher.known(effect, drug, "none", frozenset()).stated
        assert not weigher.known(effect, drug, "none", drawn.hidden(one.held_out)).stated


def test_the_right_drug_stands_first_in_about_half_of_the_questions():
    questions = [HarmQuestion(f"Side Effect::C{n}", ("a", "b"), (0, 1), 0) for n in range(200)]
    task = harm_task(questions)
    first = sum(pair.candidates[0].id == "a" for pair in task.test.questions)
    assert 70 < first < 130
    assert all(frozenset(("a", one.effect)) in task.hidden for one in questions)


def test_the_agent_is_asked_and_scored_beside_counts(world):
    kept = asked_of_harms(world, "none", "offline")
    assert kept.figures["asked"] == len(kept.outcomes) == len(HarmQuestions(world).asked())
    assert kept.figures["failed"] == kept.figures["sentences struck out"] == 0
    assert {"F1 by likeness alone", "F1 more than by number of effects"} <= kept.figures.keys()
