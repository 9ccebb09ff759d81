"""Conversations: follow-ups, what is remembered and kept, and Ctrl-C on a real terminal."""

from __future__ import annotations

import asyncio
import codecs
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest
from chat_server import completion, stalled, stream
from world import BARI, DISEASE, METHO, OTHER_DISEASE, SULFA

from kedrec.agents.agent import Agent
from kedrec.agents.chat.conversation import Conversation, Topic
from kedrec.agents.chat.from_last_answer import topics_in
from kedrec.agents.chat.saved_conversations import ChatHistory
from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.agents.offline.chat_model import OfflineChatModel
from kedrec.cli import main
from kedrec.errors import ModelRefused, WorkError

FIRST = "Why would baricitinib be a better choice than sulfasalazine for alopecia areata?"


def by_rule():
    """A model that answers by the rules of the offline one, without its weigher."""
    return ScriptedChatModel(queue=[lambda messages: OfflineChatModel().invoke(messages)], repeat_last=True)


@pytest.fixture
def agent(settings):
    with Agent.open(settings, model=by_rule()) as made:
        yield made


@pytest.fixture
def talk(agent):
    return Conversation(agent, "both")


def ids(reply):
    return [drug.id for drug in reply.recommendation.candidates]


def test_an_answer_is_a_trace(talk, agent):
    reply = talk.reply(FIRST)
    assert reply.kind == "recommendation" and reply.recommendation.choice == BARI
    assert agent.traces.get(reply.trace_id).question["text"] == FIRST


def test_a_conversation_without_waiting_is_the_same_conversation(talk, agent):
    async def two():
        return await talk.areply(FIRST), await talk.areply("and compared with methotrexate?")

    first, second = asyncio.run(two())
    assert first.recommendation.choice == BARI and agent.traces.get(first.trace_id).question["text"] == FIRST
    assert ids(second) == [BARI, METHO]
    assert asyncio.run(talk.areply("what about its mechanism?")).kind == "topic"


def test_a_drug_is_compared_with_the_chosen_one(talk):
    talk.reply(FIRST)
    reply = talk.reply("and compared with methotrexate?")
    assert (reply.recommendation.disease.id, ids(reply)) == (DISEASE, [BARI, METHO])
    assert ids(talk.reply("sulfasalazine or methotrexate then?")) == [SULFA, METHO]


def test_another_disease_keeps_the_drugs(talk):
    talk.reply(FIRST)
    reply = talk.reply("and for rheumatoid arthritis?")
    assert (reply.recommendation.disease.id, ids(reply)) == (OTHER_DISEASE, [BARI, SULFA])


def test_a_side_of_the_answer_is_answered_from_its_evidence(talk):
    first = talk.reply(FIRST)
    reply = talk.reply("what about its mechanism?")
    [topic] = reply.topics
    assert reply.kind == "topic" and reply.trace_id == first.trace_id
    assert topic.answer.question.drug == BARI and "JAK1" in topic.answer.text
    assert set(topic.answer.citations) <= set(first.recommendation.evidence)
    named = talk.reply("and the safety of sulfasalazine?")
    assert named.topics[0].answer.question.drug == SULFA and "Nausea" in named.topics[0].answer.text


def test_a_side_of_another_drug_is_a_new_question(talk):
    talk.reply(FIRST)
    reply = talk.reply("what about the safety of methotrexate?")
    assert reply.kind == "topic" and ids(reply) == [METHO]
    assert reply.topics[0].answer.question.drug == METHO


def test_what_was_understood_waits_for_what_is_missing(talk):
    asked = talk.reply("baricitinib or methotrexate?")
    assert asked.kind == "question" and "which disease" in asked.text
    assert ids(talk.reply("alopecia areata")) == [BARI, METHO]


def test_an_ambiguous_name_is_settled_by_a_number(talk):
    asked = talk.reply("methotrexate or shared name for alopecia areata?")
    assert asked.kind == "question" and BARI in asked.text and SULFA in asked.text
    second = [option.id for option in talk.topic.unclear[0].alternatives][1]
    assert ids(talk.reply("the second one")) == [METHO, second]


def test_small_talk_is_answered_politely_and_changes_nothing(talk):
    talk.reply(FIRST)
    before = talk.topic
    assert talk.reply("thank you!").kind == "question" and talk.topic == before
    assert ids(talk.reply("and methotrexate?")) == [BARI, METHO]


def test_a_failed_run_is_an_error_and_the_conversation_goes_on(settings):
    model = ScriptedChatModel(queue=[ModelRefused("no"), *by_rule().queue], repeat_last=True)
    with Agent.open(settings, model=model) as agent:
        talk = Conversation(agent, "both")
        with pytest.raises(WorkError, match="no"):
            talk.reply(FIRST)
        assert talk.reply(FIRST).recommendation.choice == BARI


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("what about its safety?", ("safety",)),
        ("any side effects?", ("safety",)),
        ("How does it work?", ("mechanism",)),
        ("which trials are there?", ("clinical_evidence",)),
        ("is it approved?", ("current_use",)),
        ("what speaks against it?", ("against",)),
        ("and compared with methotrexate?", ()),
        ("and for psoriasis?", ()),
    ],
)
def test_topics_are_told_by_their_words(text, topics):
    assert topics_in(text) == topics


def test_a_conversation_is_kept_and_can_be_gone_on_with(agent, tmp_path):
    talk, history = Conversation(agent, "both"), ChatHistory(tmp_path, "one")
    reply = talk.reply(FIRST)
    history.add(FIRST, reply, talk.topic)
    history.close()
    again = ChatHistory(tmp_path, None)
    assert again.conversation == "one" and [who for who, _ in again.texts()] == ["human", "ai"]
    later = Conversation(agent, "both", again.topic())
    assert ids(later.reply("and compared with methotrexate?")) == [BARI, METHO]
    again.begin("two")
    assert again.texts() == [] and again.topic() == Topic()
    again.close()


def command(*words):
    return [sys.executable, "-c", "from kedrec.cli import main; main()", *words]


def environment(settings, server):
    mine = {"KEDREC_HOME": str(settings.home), "KEDREC_BASE_URL": server.url, "KEDREC_RETRIES": "0", "TERM": "xterm"}
    return {**os.environ, **mine}


DECISION = "CHOICE: A\nCONFIDENCE: 0.8\nRATIONALE:\n- Baricitinib treats alopecia areata. [K1]\n"


def talked(settings, server, text):
    done = command("chat", "--model", "openai:tiny")
    return subprocess.run(
        done, input=text, capture_output=True, text=True, env=environment(settings, server), timeout=120, check=False
    )


def test_chat_works_on_a_pipe(settings, server):
    server.queue = [completion(DECISION)]
    done = talked(settings, server, f"/help\n/evidence\n\n/what\n{FIRST}\n/evidence\n/new\n/quit\n")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "Follow" in done.stdout or "follow up" in done.stdout
    assert "There is no evidence yet" in done.stdout and "No such command" in done.stderr


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, words, env):
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True)
        os.close(slave)
        self.seen, self._decoder = "", codecs.getincrementaldecoder("utf-8")("replace")

    def type(self, text):
        os.write(self._master, text.encode())

    def wait_for(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            assert time.monotonic() < end, f"{pattern!r} was not seen in {self.seen[-2000:]!r}"
            ready, _, _ = select.select([self._master], [], [], 0.2)
            if ready:
                try:
                    self.seen += self._decoder.decode(os.read(self._master, 65536))
                except OSError:
                    pytest.fail(f"it ended before {pattern!r} was seen: {self.seen[-2000:]}")
        self.seen = ""

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal(settings, server):
    made = []

    def open_(*words):
        made.append(Terminal(command(*words), environment(settings, server)))
        return made[-1]

    yield open_
    for one in made:
        one.close()


@pytest.mark.parametrize("answered", [0, 1], ids=["while understanding", "while answering"])
def test_ctrl_c_stops_an_answer_and_the_chat_goes_on(terminal, server, answered):
    server.queue = [*[completion("DONE")] * answered, stalled(30), completion("DONE")]
    chat = terminal("chat", "--model", "openai:tiny")
    chat.wait_for(r"\n> ")
    chat.type(f"baricitinib or {['methotrexate', 'sulfasalazine'][answered]} for alopecia areata?\n")
    deadline = time.monotonic() + 60
    while len(server.requests) <= answered and time.monotonic() < deadline:
        time.sleep(0.05)
    chat.process.send_signal(signal.SIGINT)
    chat.wait_for("the chat goes on", 15)
    chat.type("hello\n")
    chat.wait_for("articles and trials say about drugs", 30)
    chat.type("/quit\n")
    assert chat.process.wait(20) == 0


def test_ctrl_c_at_the_prompt_leaves_with_130(terminal):
    chat = terminal("chat")
    chat.wait_for(r"\n> ")
    time.sleep(0.3)
    chat.process.send_signal(signal.SIGINT)
    assert chat.process.wait(20) == 130


def test_an_answer_is_shown_while_it_comes(terminal, server):
    server.queue = [completion("DONE"), stream({"content": "first words"}, {"content": " and more"}, pause=2)]
    chat = terminal("chat", "--model", "openai:tiny")
    chat.wait_for(r"\n> ")
    chat.type(FIRST + "\n")
    chat.wait_for("first words", 30)


@pytest.fixture
def asked(settings, monkeypatch, capsys):
    """`kedrec ask` in this process: exit code, stdout, stderr."""

    def ask(*words):
        monkeypatch.setenv("KEDREC_HOME", str(settings.home))
        with pytest.raises(SystemExit) as left:
            main(["ask", *words])
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return ask


def test_ask_prints_the_recommendation_as_json_and_nothing_else(asked):
    code, out, _ = asked(FIRST, "--json")
    answer = json.loads(out)
    assert code == 0 and answer["choice"] == BARI and answer["trace_id"]
    assert [match["query"] for match in answer["matches"]] == ["alopecia areata", "baricitinib", "sulfasalazine"]
    assert answer["sentences"] and all(sentence["citations"] for sentence in answer["sentences"])
    assert answer["struck_out"] == [] and answer["model"] == "offline"
    assert {"choice", "mechanism"} <= {sentence["kind"] for sentence in answer["sentences"]}


def test_ask_without_drugs_or_for_a_better_one_weighs_the_best_ranked_and_one_drug_alone(asked):
    none = json.loads(asked("best drug for rheumatoid arthritis", "--json")[1])
    _, _, err = asked("best drug for rheumatoid arthritis", "--json")
    assert len(none["candidates"]) > 1 and (none["choice"] or none["leaning"]) and "best-ranked" in err
    code, out, _ = asked("Is methotrexate reasonable in alopecia areata?", "--json")
    one = json.loads(out)
    assert code == 0
    better = json.loads(asked("Is anything better than methotrexate for alopecia areata?", "--json")[1])
    assert [drug["id"] for drug in one["candidates"]] == [METHO]
    assert better["candidates"][0]["id"] == METHO and len(better["candidates"]) > 1


@pytest.mark.parametrize(
    "question", ["what is the meaning of life?", "baricitinib or methotrexate?", "", "shared name for alopecia areata"]
)
def test_ask_asks_back_in_one_line_and_still_speaks_json(asked, question):
    code, out, err = asked(question, "--json")
    understood = json.loads(out)
    assert code == 2 and len(err.strip().splitlines()) == 1
    assert understood["ask_back"] and set(understood) >= {"disease", "drugs", "unclear"}


def test_ask_for_people_names_what_was_chosen_and_its_evidence(asked, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    code, out, _ = asked(FIRST)
    assert code == 0 and "Baricitinib for alopecia areata" in out and "[K" in out and "Not medical advice" in out


def test_a_question_on_danger_of_which_nothing_was_found_is_not_left_to_sound_safe(agent):
    reply = Conversation(agent, "none").reply("Is baricitinib dangerous in alopecia areata?")
    assert not any(topic.answer.citations for topic in reply.topics)
    assert any("does not mean it is safe" in note for note in reply.notes)
