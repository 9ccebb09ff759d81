"""Whole dialogues on the starter data: the thread is kept, and whatever is said of a drug is cited."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from web_server import JSON, serving
from world import SULFA, build

from kedrec.agents.agent import Agent
from kedrec.agents.chat.aspects import look_up
from kedrec.agents.chat.conversation import PERSONAL, Conversation
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.config import Settings
from kedrec.graphdb.embedded.build import load_graph
from kedrec.tools.literature import Literature

STARTER = Path(__file__).parent.parent / "examples" / "starter"
AA, RA, UC, PSO = "Alopecia areata", "Rheumatoid arthritis", "Ulcerative colitis", "Psoriasis"
T2D, ASTHMA, COPD = "Type 2 diabetes mellitus", "Asthma", "Chronic obstructive pulmonary disease"
B, S, T, M = "Baricitinib", "Sulfasalazine", "Tofacitinib", "Methotrexate"

# Of each turn: the message, the kind of reply, the drugs it is about, the disease, words that it holds.
DIALOGUES = {
    "reasons and sources": [
        ("baricitinib or sulfasalazine for alopecia areata?", "recommendation", {B, S}, AA, ""),
        ("why?", "topic", {B, S}, AA, "Why Sulfasalazine in Alopecia areata"),
        ("explain", "topic", {B, S}, AA, "is preferred over"),
        ("explain in plain words", "topic", {B, S}, AA, "Of 100 answers"),
        ("show me P1", "topic", {B, S}, AA, "P1: PMID:"),
        ("show me P99", "question", None, None, "no P99"),
        ("thanks", "question", None, None, "welcome"),
        ("start over", "question", None, None, "forgotten"),
        ("why?", "question", None, None, "no answer yet"),
    ],
    "harms and groups of people": [
        ("baricitinib or sulfasalazine for alopecia areata?", "recommendation", {B, S}, AA, ""),
        ("Which has fewer infections?", "topic", {B, S}, AA, "Infections: Sulfasalazine"),
        ("what about in pregnancy?", "topic", {B, S}, AA, "Pregnancy: Baricitinib"),
        ("and the other one?", "topic", {B}, AA, "Pregnancy: Baricitinib"),
        ("is it safe?", "topic", {B}, AA, "Safety: Baricitinib"),
        ("any nausea?", "topic", {B, S}, AA, "Nausea: Sulfasalazine"),
    ],
    "with and without": [
        ("baricitinib or sulfasalazine for alopecia areata?", "recommendation", {B, S}, AA, ""),
        ("and with tofacitinib?", "recommendation", {B, S, T}, AA, ""),
        ("without sulfasalazine", "recommendation", {B, T}, AA, ""),
        ("add methotrexate", "recommendation", {B, T, M}, AA, ""),
        ("leave out tofacitinib", "recommendation", {B, M}, AA, ""),
        ("for psoriasis instead", "recommendation", {B, M}, PSO, ""),
    ],
    "corrections": [
        ("tofacitinib or methotrexate for psoriasis?", "recommendation", {T, M}, PSO, ""),
        ("no, I meant ulcerative colitis", "recommendation", {T, M}, UC, ""),
        ("sorry, I meant baricitinib, not methotrexate", "recommendation", {T, B}, UC, ""),
        ("no, rheumatoid arthritis", "recommendation", {T, B}, RA, ""),
    ],
    "one drug": [
        ("is propranolol safe in asthma?", "topic", {"Propranolol"}, ASTHMA, "Safety: Propranolol"),
        ("how does it work?", "topic", {"Propranolol"}, ASTHMA, "ADRB2"),
        ("is that approved?", "topic", {"Propranolol"}, ASTHMA, "Current use"),
        ("and in COPD?", "topic", {"Propranolol"}, COPD, "Safety: Propranolol"),
        ("which trials?", "topic", {"Propranolol"}, COPD, "Clinical evidence"),
        ("what about its side effects?", "topic", {"Propranolol"}, COPD, "Safety"),
    ],
    "a question of cause": [
        ("does fluoxetine cause narcolepsy?", "topic", {"Fluoxetine"}, "Narcolepsy", "causes or worsens"),
        ("and paroxetine?", "topic", {"Paroxetine"}, "Narcolepsy", "causes or worsens"),
        ("any evidence?", "topic", {"Paroxetine"}, "Narcolepsy", "Clinical evidence"),
        ("does it cause agranulocytosis?", "topic", {"Paroxetine"}, "Narcolepsy", "Agranulocytosis: Paroxetine"),
        ("how does it work?", "topic", {"Paroxetine"}, "Narcolepsy", "How it works"),
    ],
    "a list": [
        ("what is used for ulcerative colitis?", "recommendation", None, UC, ""),
        ("is it safe?", "topic", None, UC, "Safety"),
        ("which trials?", "topic", None, UC, "Clinical evidence"),
        ("what else could be used?", "recommendation", None, UC, "best-ranked"),
    ],
    "no disease named": [
        ("How does imatinib work?", "topic", {"Imatinib"}, "Chronic myeloid leukemia", "No disease was named"),
        ("side effects?", "topic", {"Imatinib"}, "Chronic myeloid leukemia", "Safety: Imatinib"),
        ("what about children?", "topic", {"Imatinib"}, "Chronic myeloid leukemia", "Children: Imatinib"),
        ("what dose?", "question", None, None, "pharmacist"),
        ("any evidence?", "topic", {"Imatinib"}, "Chronic myeloid leukemia", "Clinical evidence"),
    ],
    "two drugs side by side": [
        ("which is safer in T2DM, metformin or sitagliptin?", "topic", {"Metformin", "Sitagliptin"}, T2D, "Safety:"),
        ("how do they work?", "topic", {"Metformin", "Sitagliptin"}, T2D, "DPP4"),
        ("and the first one?", "topic", {"Metformin", "Sitagliptin"}, T2D, "How it works: Metformin"),
        ("why?", "topic", {"Metformin", "Sitagliptin"}, T2D, "too close to call"),
        ("which one is better?", "topic", {"Metformin", "Sitagliptin"}, T2D, "too close to call"),
    ],
    "what is missing": [
        ("baricitinib or methotrexate?", "question", None, None, "which disease"),
        ("rheumatoid arthritis", "recommendation", {B, M}, RA, ""),
        ("hmm", "question", None, None, "I can answer"),
        ("and compared with tofacitinib?", "recommendation", None, RA, ""),
    ],
    "a patient": [
        ("I have psoriasis. Should I take methotrexate?", "question", None, None, "doctor"),
        ("how does methotrexate work in psoriasis?", "topic", {M}, PSO, "DHFR"),
        ("does it help?", "topic", {M}, PSO, "Clinical evidence"),
        ("I take it, can it harm my liver?", "topic", {M}, PSO, PERSONAL),
    ],
    "other names and corrections": [
        ("MTX or baricitinib for rheumatoid arthritis?", "recommendation", {M, B}, RA, "“MTX” is read as Methotrexate"),
        ("which is better?", "topic", {M, B}, RA, "Why "),
        ("why not baricitinib?", "topic", {M, B}, RA, "Baricitinib"),
        ("without sulfasalazine", "recommendation", {M, B}, RA, "Sulfasalazine was not among the drugs weighed."),
        ("yes", "question", None, None, "Nothing was asked back"),
        ("what if she can't have baricitinib?", "recommendation", None, RA, ""),
    ],
    "a class is no drug": [
        ("do corticosteroids cause psoriasis?", "question", None, None, "are a class"),
    ],
    "one drug alone": [
        ("has methotrexate been tested in Nosuch disease?", "question", None, None, "not a name I know"),
        ("start over", "question", None, None, "forgotten"),
        ("methotrexate", "question", None, None, "For which disease"),
        ("what is it used for?", "topic", {M}, None, "The graph lists it as a treatment of"),
        ("what are the side effects?", "topic", {M}, None, "Methotrexate"),
    ],
    "two drugs in no disease": [
        ("how do methotrexate and sulfasalazine work?", "topic", None, None, "What Sulfasalazine acts on"),
    ],
    "the drug before": [
        ("is methotrexate bad for the liver?", "topic", {M}, None, "Liver damage"),
        ("and sulfasalazine?", "topic", {S}, None, "Liver damage"),
        ("which is worse for the kidneys?", "topic", {M, S}, None, "Kidney damage: Sulfasalazine"),
    ],
    "taken together": [
        ("Can metformin be taken together with sitagliptin?", "topic", None, None, "Metformin together with Sita"),
        ("does it matter in the elderly?", "topic", None, None, "Older people: Metformin"),
        ("what can you do?", "question", None, None, "You can ask"),
        ("metformin or sitagliptin for T2DM?", "recommendation", {"Metformin", "Sitagliptin"}, T2D, ""),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = Settings(home=tmp_path_factory.mktemp("starter") / "home")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", made.home / "graph")
    literature = Literature.open(made.home / "literature", made)
    for name in ("articles", "trials"):
        literature.add(STARTER / f"{name}.jsonl", embed=False)
    return made


@pytest.fixture(scope="module")
def agent(settings):
    with Agent.open(settings) as made:
        yield made


def told(reply):
    """All that a reply says."""
    said = [topic.heading + " " + topic.answer.text for topic in reply.topics]
    made = reply.recommendation.sentences if reply.recommendation and reply.kind == "recommendation" else ()
    return " ".join([*reply.notes, reply.text, *said, *(one.text for one in made)])


def is_held(reply):
    """Whether all that is said of a drug cites evidence that the reply holds, and quotes stand in it."""
    for topic in reply.topics:
        answer = topic.answer
        assert answer.citations or answer.text == NO_EVIDENCE or answer.question.key == "explain", answer
        assert set(answer.citations) <= set(reply.cited)
        held = " ".join(f"{reply.cited[key].text} {reply.cited[key].passage}" for key in answer.citations)
        if answer.question.key == "aspect" and answer.citations:
            quotes = [part.strip(" .”") for part in answer.text.split("“") if part.strip()]
            assert any(quote[:60] in held for quote in quotes), (answer.text, held)


@pytest.mark.parametrize("name", DIALOGUES)
def test_a_dialogue_keeps_its_thread_and_cites_what_it_says(agent, name):
    talk = Conversation(agent, "both")
    for message, kind, drugs, disease, words in DIALOGUES[name]:
        reply = talk.reply(message)
        assert reply.kind == kind, (message, reply)
        assert words in told(reply), (message, told(reply))
        is_held(reply)
        if disease is not None:
            assert reply.recommendation.disease.name == disease, message
        if drugs is not None and kind == "recommendation":
            assert {drug.name for drug in reply.recommendation.candidates} == drugs, message
        if drugs is not None and kind == "topic":
            assert drugs >= {drug.name for drug in talk.topic.recommendation.candidates if drug.id in talk.topic.focus}


def test_another_list_leaves_out_what_was_listed(agent):
    talk = Conversation(agent, "both")
    first = {drug.id for drug in talk.reply("what is used for ulcerative colitis?").recommendation.candidates}
    second = {drug.id for drug in talk.reply("what else could be used?").recommendation.candidates}
    assert first and second and not first & second


ARTICLE = {
    "id": "PMID:90000001",
    "title": "Tolerance of sulfasalazine",
    "abstract": "Nausea was an adverse event in 12 of 50 adults given sulfasalazine. Sulfasalazine was given to mice. "
    "In 40 pregnant women given sulfasalazine no harm was seen.",
    "year": 2020,
}


@pytest.fixture
def told_agent(tmp_path):
    """An agent whose literature tells of harm and of pregnancy."""
    made = build(tmp_path / "home")
    (tmp_path / "more.jsonl").write_text(json.dumps(ARTICLE) + "\n")
    Literature.open(made.home / "literature", made).add(tmp_path / "more.jsonl", embed=False)
    with Agent.open(made) as agent:
        yield agent


def test_what_is_looked_up_is_quoted_from_its_source_and_has_one_key(told_agent):
    drug = told_agent.resources.store.get(SULFA)
    looked = look_up(told_agent, "both", [drug], ["nausea", "pregnancy", "hair loss"])
    nausea, pregnancy, hair = (topic.answer for topic in looked.topics)
    assert "12 of 50 adults" in nausea.text and "40 pregnant women" in pregnancy.text and hair.text == NO_EVIDENCE
    assert {looked.evidence[key].source_id for key in pregnancy.citations} == {"PMID:90000001"}
    assert any(looked.evidence[key].source_id.startswith(SULFA) for key in nausea.citations)
    again = look_up(told_agent, "both", [drug], ["nausea"], known=looked.evidence)
    assert (again.topics[0].answer, again.evidence) == (nausea, {})
    assert not look_up(told_agent, "none", [drug], ["pregnancy"]).topics[0].answer.citations


def test_what_is_looked_up_beside_an_answer_can_be_shown_by_its_key(told_agent):
    talk = Conversation(told_agent, "both")
    talk.reply("baricitinib or sulfasalazine for alopecia areata?")
    looked = talk.reply("what about in pregnancy?")
    [key] = [key for topic in looked.topics for key in topic.answer.citations]
    shown = talk.reply(f"show me {key}")
    assert "PMID:90000001" in shown.topics[0].title and "40 pregnant women" in shown.topics[0].answer.text


def test_a_topic_is_kept_whole_between_two_sittings(agent):
    talk = Conversation(agent, "both")
    talk.reply("baricitinib or sulfasalazine for alopecia areata?")
    talk.reply("what about in pregnancy?")
    later = Conversation(agent, "both", type(talk.topic).model_validate_json(talk.topic.model_dump_json()))
    assert told(later.reply("and the other one?")) == told(talk.reply("and the other one?"))


def test_v1_takes_its_thread_from_the_messages_of_the_request(settings):
    dialogue = DIALOGUES["harms and groups of people"]
    with serving(settings) as web:
        turns = []
        for message, kind, _, _, words in dialogue:
            turns.append({"role": "user", "content": message})
            body = json.dumps({"model": "kedrec", "messages": turns})
            made = web.post("/v1/chat/completions", content=body, headers=JSON).json()
            text = made["choices"][0]["message"]["content"]
            assert words in text and (kind != "recommendation" or "confidence" in text or "No choice" in text), text
            turns.append({"role": "assistant", "content": text})
        again = json.dumps({"model": "kedrec", "messages": [turns[0], {"role": "user", "content": "why?"}]})
        made = web.post("/v1/chat/completions", content=again, headers=JSON).json()
        assert "preferred over" in made["choices"][0]["message"]["content"]


def test_the_page_is_told_the_same_as_the_terminal(settings, agent):
    dialogue = DIALOGUES["corrections"]
    with serving(settings) as web:
        name, talk = None, Conversation(agent, "both")
        for message, *_ in dialogue:
            made = web.post(
                "/api/ask", content=json.dumps({"text": message, "conversation": name}), headers=JSON
            ).json()
            name = made["conversation"]
            assert made["reply"]["kind"] == talk.reply(message).kind
            told_, mine = made["reply"]["recommendation"], talk.topic.recommendation
            assert [drug["id"] for drug in told_["candidates"]] == [drug.id for drug in mine.candidates]
            assert told_["disease"]["id"] == mine.disease.id


def test_the_chat_of_the_terminal_keeps_the_thread(settings):
    said = "\n".join(message for message, *_ in DIALOGUES["reasons and sources"]) + "\n/quit\n"
    words = [sys.executable, "-c", "from kedrec.cli import main; main()", "chat", "--model", "offline"]
    env = {**os.environ, "KEDREC_HOME": str(settings.home), "NO_COLOR": "1", "COLUMNS": "200"}
    done = subprocess.run(words, input=said, capture_output=True, text=True, env=env, timeout=300, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    for *_, text in DIALOGUES["reasons and sources"]:
        assert text in " ".join(done.stdout.split()), text
