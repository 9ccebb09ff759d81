"""What a question wants is told by its words, and one named drug is never made a contest."""

import re
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage
from world import BARI, METHO, build

from kedrec.agents.agent import Agent
from kedrec.agents.chat.conversation import Conversation
from kedrec.agents.chat.intents.reading import read
from kedrec.agents.chat.intents.wanted import ABOUT_ONE, OUT_OF_SCOPE, SAID
from kedrec.agents.chat.question_parser import understand
from kedrec.agents.chat.question_parser_llm import understand_by_model, understand_question
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.config import Settings
from kedrec.tools.toolbox import Toolbox

TABLE = Path(__file__).parent / "data" / "questions.tsv"
"""Questions in many wordings with what they want: `{drug}`, `<disease>`, `~another name of the same~`."""
MARKS = {"{": "Compound", "<": "Disease", "~": "Repeated"}
NAMED = re.compile(r"\{([^}]+)\}|<([^>]+)>|~([^~]+)~")


def parsed(line):
    """Intent, text, and where its names stand."""
    intent, marked = line.split("\t")
    text, spans, last = "", [], 0
    for found in NAMED.finditer(marked):
        name = next(filter(None, found.groups()))
        text += marked[last : found.start()]
        spans.append((len(text), len(text) + len(name), MARKS[found.group()[0]]))
        text, last = text + name, found.end()
    return intent, text + marked[last:], spans


QUESTIONS = [parsed(line) for line in TABLE.read_text("utf-8").splitlines()]


def test_the_table_holds_every_intent_in_many_wordings():
    told = [intent for intent, _, _ in QUESTIONS]
    assert len({text.lower() for _, text, _ in QUESTIONS}) == len(QUESTIONS) >= 400
    assert {intent for intent in (*ABOUT_ONE, "choose", "list", "out_of_scope") if told.count(intent) < 25} == set()
    assert set(SAID) | {"again", "explain", "citation"} <= set(told)


@pytest.fixture(scope="module")
def told():
    """What is read of each question of the table."""
    return [read(text, spans) for _, text, spans in QUESTIONS]


def test_questions_are_told_by_their_words(told):
    missed = [(wanted, one.intent, text) for one, (wanted, text, _) in zip(told, QUESTIONS, strict=True)]
    missed = [row for row in missed if row[0] != row[1]]
    assert len(missed) <= 0.01 * len(QUESTIONS), missed


def test_only_what_cannot_be_answered_is_declined_and_that_kindly(told):
    assert all((one.beyond is None) == (one.intent != "out_of_scope") for one in told)
    assert all("I can" in said and len(said) < 320 for said in OUT_OF_SCOPE.values())


def test_one_named_drug_is_a_contest_only_where_others_are_asked_for(told):
    asks = re.compile(
        r"alternativ|instead|other|else|better|beat|best|replac|substitut|another|than|fail|tolerated|options|stronger|versus|vs"
        r"|next|outdo|switch|what now|superior|do we go|do i go|what then|follow",
        re.IGNORECASE,
    )
    for one, (_, text, spans) in zip(told, QUESTIONS, strict=True):
        if sum(kind == "Compound" for *_, kind in spans) == 1 and one.intent == "choose":
            assert asks.search(text), text


@pytest.mark.parametrize(
    "slip", ["whats the mechansim of", "wich side efects has", "is there evidnce for", "altrnative to"]
)
def test_a_slip_of_the_pen_changes_nothing(slip):
    mended = {"mechansim": "mechanism", "efects": "effects", "evidnce": "evidence", "altrnative": "alternative"}
    right = " ".join(mended.get(word, word) for word in slip.split())
    names = [(len(slip) + 1, len(slip) + 5, "Compound")]
    whole = [(len(right) + 1, len(right) + 5, "Compound")]
    assert read(f"{slip} drug", names).intent == read(f"{right} drug", whole).intent != "assess"


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("what about in pregnancy?", ("pregnancy",)),
        ("safe for kids and old people?", ("children", "older people")),
        ("which has fewer infections?", ("infections",)),
        ("any weight gain or hair loss?", ("weight gain", "hair loss")),
        ("is it ok when the kidneys fail", ("kidney failure",)),
    ],
)
def test_groups_of_people_and_harms_are_part_of_what_is_wanted(text, about):
    assert read(text).about == about


def test_people_with_an_illness_are_asked_about_and_no_list_for_it():
    assert read("and in people with CKD?", [(19, 22, "Disease")]).intent == "safety"
    assert read("what is given to people with CKD?", [(29, 32, "Disease")]).intent == "list"


def test_a_worry_is_no_question_of_ones_own_treatment():
    asked = "What happens if warfarin is given, and how worried should I be?"
    assert read(asked, [(16, 24, "Compound")]).beyond is None
    assert read("Should I be given warfarin?", [(18, 26, "Compound")]).beyond == "own"


@pytest.fixture(scope="module")
def talk_settings(tmp_path_factory) -> Settings:
    return build(tmp_path_factory.mktemp("world") / "home")


@pytest.fixture
def agent(talk_settings):
    with Agent.open(talk_settings) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Is methotrexate safe in alopecia areata?", "safety"),
        ("How does methotrexate work in alopecia areata?", "mechanism"),
        ("Does methotrexate cause alopecia areata?", "safety"),
        ("What is the evidence for methotrexate in alopecia areata?", "clinical_evidence"),
        ("Why is methotrexate used in alopecia areata?", "clinical_evidence"),
    ],
)
def test_a_question_about_one_drug_is_answered_about_it_alone(agent, text, key):
    reply = Conversation(agent, "both").reply(text)
    assert reply.kind == "topic"
    assert [drug.id for drug in reply.recommendation.candidates] == [METHO]
    assert key in {topic.answer.question.key for topic in reply.topics}


def test_a_drug_without_a_disease_is_looked_at_in_what_it_is_used_for(agent):
    reply = Conversation(agent, "both").reply("What is the mechanism of baricitinib?")
    assert reply.topics[0].answer.question.drug == BARI
    assert "No disease was named" in " ".join(reply.notes)


def test_what_is_out_of_scope_asks_nothing_and_changes_nothing(agent):
    talk = Conversation(agent, "both")
    talk.reply("baricitinib or sulfasalazine for alopecia areata?")
    before = talk.topic
    said = talk.reply("What dose of methotrexate should be given?")
    assert said.kind == "question"
    assert "pharmacist" in said.text
    assert talk.topic == before


MODEL = [
    ({"intent": "safety", "about": ["pregnancy"]}, "safety"),
    ({"intent": "mechanism"}, "mechanism"),
    ({"intent": "out_of_scope", "beyond": "dose"}, "out_of_scope"),
    ({"intent": "choose"}, "assess"),
]


@pytest.mark.parametrize(("told", "intent"), MODEL, ids=[told["intent"] for told, _ in MODEL])
def test_a_language_model_tells_what_is_wanted_by_a_tool_with_the_record_of_the_rules(agent, told, intent):
    calls = [
        {"name": "tell_intent", "args": told, "id": "1"},
        {"name": "resolve_entity", "args": {"name": "methotrexate", "kind": "drug"}, "id": "2"},
        {"name": "resolve_entity", "args": {"name": "alopecia areata", "kind": "disease"}, "id": "3"},
    ]
    model = ScriptedChatModel(queue=[AIMessage("", tool_calls=calls), "DONE"])
    store = agent.resources.store
    made = understand_by_model("methotrexate, alopecia areata", model, Toolbox(store, None, None, "none"), store)
    assert made.intent == intent and [drug.entity.id for drug in made.drugs] == [METHO]
    ruled = understand("methotrexate, alopecia areata", store)
    assert type(made.wanted) is type(ruled.wanted) and model.history[0].tools == ("resolve_entity", "tell_intent")
    assert made.wanted.about == tuple(told.get("about", ()))


def test_what_a_language_model_tells_wrongly_is_said_to_it_and_the_rules_take_over(agent):
    call = {"name": "tell_intent", "args": {"intent": "gossip"}, "id": "1"}
    names = {"name": "resolve_entity", "args": {"name": "methotrexate", "kind": "drug"}, "id": "2"}
    model = ScriptedChatModel(queue=[AIMessage("", tool_calls=[call, names]), "DONE"])
    store = agent.resources.store
    asked = "How does methotrexate work?"
    made = understand_by_model(asked, model, Toolbox(store, None, None, "none"), store)
    assert "intent" in str(model.history[1].messages[-2].content) and made.intent == "mechanism"


def test_a_question_with_a_language_model_is_answered_by_what_it_tells(talk_settings):
    class Named(ScriptedChatModel):
        @property
        def _llm_type(self) -> str:
            return "openai-compatible"

    told = AIMessage("", tool_calls=[{"name": "tell_intent", "args": {"intent": "help"}, "id": "1"}])
    with Agent.open(talk_settings, model=Named(queue=[told, "DONE"])) as agent:
        understood, notes = understand_question(agent, "was kannst du?")
    assert (understood.intent, understood.ask_back, notes) == ("help", SAID["help"], ())
