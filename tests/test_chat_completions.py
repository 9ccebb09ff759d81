"""The agent as a model of an OpenAI-compatible server, with OpenAI's own package as the client."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import openai
import pytest
from chat_server import ChatServer, completion
from web_server import JSON, serving

from kedrec.agents.chat.conversation import Reply
from kedrec.cli.serve import models_named
from kedrec.errors import UserError
from kedrec.records import Entity, Evidence, Recommendation, Sentence
from kedrec.serve.kept_conversations import FORGOTTEN
from kedrec.serve.results import Answered
from kedrec.serve.web.v1.answer_text import answer_text, citations_in

FIRST = "Why would baricitinib be a better choice than sulfasalazine for alopecia areata?"


@pytest.fixture
def client(web):
    with asking(web) as made:
        yield made


def asking(web):
    """A client of the package."""
    return openai.OpenAI(base_url=f"{web.base_url}v1", api_key="none", max_retries=0)


def said(*texts):
    """A conversation in which the user said these, and got some answer to all but the last."""
    turns = [{"role": "system", "content": "Be brief."}]
    for text in texts:
        turns += [{"role": "user", "content": text}, {"role": "assistant", "content": "…"}]
    return turns[:-1]


def test_the_agent_is_a_model_and_its_answer_says_where_it_cites_what(client):
    assert [model.id for model in client.models.list()] == ["kedrec"]
    made = client.chat.completions.create(model="kedrec", messages=said(FIRST), temperature=0.3, n=1)
    message = made.choices[0].message
    assert message.content.startswith("**Baricitinib** for alopecia areata, confidence")
    assert "Not medical advice" in message.content and made.usage.total_tokens == 0
    for note in message.annotations:
        cited = note.url_citation
        mark = message.content[cited.start_index : cited.end_index]
        assert mark.startswith("[") and mark.endswith("]") and cited.url.startswith("https://")
        assert f"- {mark} " in message.content
    assert message.annotations


def test_a_stream_tells_steps_first_and_then_the_same_text(client):
    whole = client.chat.completions.create(model="kedrec", messages=said(FIRST)).choices[0].message.content
    options = {"stream": True, "stream_options": {"include_usage": True}}
    pieces = list(client.chat.completions.create(model="kedrec", messages=said(FIRST), **options))
    deltas = [piece.choices[0].delta for piece in pieces if piece.choices]
    steps = [delta.reasoning_content for delta in deltas if getattr(delta, "reasoning_content", None)]
    assert steps[0] == "understanding the names\n" and "checking the rationale\n" in steps
    text = "".join(delta.content or "" for delta in deltas)
    assert text.rpartition("Trace")[0] == whole.rpartition("Trace")[0]
    assert pieces[-1].usage.total_tokens == 0 and pieces[-2].choices[0].finish_reason == "stop"


def test_a_conversation_is_known_by_what_the_user_said_in_it(client):
    def ask(*texts):
        return client.chat.completions.create(model="kedrec", messages=said(*texts)).choices[0].message.content

    ask(FIRST)
    assert "Methotrexate" in ask(FIRST, "and compared with methotrexate?")
    assert "**How it works: Baricitinib" in ask(FIRST, "and compared with methotrexate?", "what about its mechanism?")
    other = ask("never said here", "what about its safety?")
    assert "disease" in other and FORGOTTEN not in other


def test_what_is_unclear_is_asked_back_and_answered_by_its_number(client):
    question = "shared name or methotrexate for alopecia areata?"
    back = client.chat.completions.create(model="kedrec", messages=said(question)).choices[0].message.content
    assert "1. " in back and "2. " in back and "Which one?" in back
    parts = [{"type": "text", "text": "1"}, {"type": "image_url", "image_url": {"url": "https://x.example"}}]
    turns = [*said(question), {"role": "assistant", "content": back}, {"role": "user", "content": parts}]
    made = client.chat.completions.create(model="kedrec", messages=turns).choices[0].message.content
    assert "Which one?" not in made and "Trace" in made


CHAT_PROGRAM = json.loads((Path(__file__).parent / "data/chat_program_requests.json").read_text("utf-8"))
"""In the form of Open WebUI's: a message of a user, and what the program asks for itself about it."""


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_program_gets_one_answer_and_its_own_requests_cost_nothing(web, stream):
    before = len(web.get("/api/traces", params={"limit": 500}).json())
    told = {}
    for name, body in CHAT_PROGRAM.items():
        answer = web.post("/v1/chat/completions", json={**body, "stream": stream})
        assert answer.status_code == 200
        told[name] = streamed_text(answer.text) if stream else answer.json()["choices"][0]["message"]["content"]
    assert len(web.get("/api/traces", params={"limit": 500}).json()) == before + 1
    assert told.pop("message").startswith("**Baricitinib**")
    assert json.loads(told["title"])["title"] == "Would baricitinib be a better choice than sulfasalazine for …"
    assert [json.loads(told[name]) for name in ("tags", "follow_ups", "queries", "autocomplete")] == [
        {"tags": []}, {"follow_ups": []}, {"queries": []}, {"text": ""},
    ]  # fmt: skip


def streamed_text(text):
    """The text of a stream, which must end as OpenAI's do."""
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    choices = [choice for line in lines[:-1] for choice in json.loads(line)["choices"]]
    assert choices[-1]["finish_reason"] == "stop"
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def test_a_student_is_asked_by_its_name_and_a_conversation_goes_from_one_to_the_other(settings):
    teacher = ChatServer()
    teacher.queue = [completion("CHOICE: A\nCONFIDENCE: 0.7\nRATIONALE:\nBaricitinib is in the graph. [K1]")]
    elsewhere = settings.model_copy(update={"base_url": teacher.url, "retries": 0})
    with serving(elsewhere, also={"kedrec-student": "openai:tiny"}) as web, asking(web) as client:
        assert [model.id for model in client.models.list()] == ["kedrec", "kedrec-student"]
        assert client.models.retrieve("kedrec-student").owned_by == "kedrec (openai:tiny)"
        first = client.chat.completions.create(model="kedrec", messages=said(FIRST))
        assert not teacher.requests and first.model == "kedrec"
        follow_up = said(FIRST, "and compared with methotrexate?")
        made = client.chat.completions.create(model="kedrec-student", messages=follow_up)
        assert teacher.requests and made.model == "kedrec-student"
        assert made.usage.total_tokens > 0
    teacher.close()


@pytest.mark.parametrize("given", ["kedrec=offline", "Student=offline", "student", "student=", "a=offline,b", "=x"])
def test_a_name_of_a_model_that_does_not_fit_is_refused(given):
    if given == "a=offline,b":
        assert models_named([given]) == {"a": "offline,b"}
    else:
        with pytest.raises(UserError, match="--also NAME=MODEL"):
            models_named([given])
    with pytest.raises(UserError, match="taken"):
        models_named(["s=offline", "s=offline"])


@pytest.mark.parametrize(
    "asked, error, words",
    [
        ({"model": "gpt-5", "messages": said(FIRST)}, openai.NotFoundError, "There is: kedrec"),
        ({"model": "kedrec", "messages": said("x" * 4001)}, openai.BadRequestError, "4,001"),
        ({"model": "kedrec", "messages": [{"role": "system", "content": "x"}]}, openai.BadRequestError, "user"),
        ({"model": "kedrec", "messages": []}, openai.UnprocessableEntityError, "messages"),
    ],
)
def test_mistakes_are_errors_of_the_package(client, asked, error, words):
    with pytest.raises(error, match=words) as raised:
        client.chat.completions.create(**asked)
    assert raised.value.code == raised.value.type != "" and raised.value.param is None


def test_a_stream_that_fails_says_so_as_an_error_of_the_package(settings):
    gone = ChatServer()
    gone.close()
    elsewhere = settings.model_copy(update={"base_url": gone.url, "retries": 0})
    with serving(elsewhere, "openai:tiny") as web, asking(web) as client, pytest.raises(openai.APIError, match="tiny"):
        list(client.chat.completions.create(model="kedrec", messages=said(FIRST), stream=True))


NODE = """
const { default: OpenAI } = await import(process.argv[1]);
const client = new OpenAI({ baseURL: process.argv[2], apiKey: "none", maxRetries: 0 });
const asked = { model: "kedrec", messages: [{ role: "user", content: process.argv[3] }] };
const whole = await client.chat.completions.create(asked);
const steps = [], texts = [];
for await (const piece of await client.chat.completions.create({ ...asked, stream: true })) {
  const delta = piece.choices[0].delta;
  if (delta.reasoning_content) steps.push(delta.reasoning_content);
  if (delta.content) texts.push(delta.content);
}
const failure = await client.chat.completions.create({ ...asked, model: "none" }).catch((error) => error);
const models = (await client.models.list()).data.map((model) => model.id);
const message = whole.choices[0].message;
console.log(JSON.stringify({ models, message, steps, texts, status: failure.status, code: failure.code }));
"""


@pytest.fixture(scope="module")
def openai_for_node():
    """Address of the `openai` package of Node, or a skip that says why."""
    if shutil.which("node") is None:
        pytest.skip("no node; install Node.js to test with its openai package")
    find = "import('module').then(m => console.log(m.createRequire(process.cwd() + '/x.js').resolve('openai')))"
    found = subprocess.run(["node", "-e", find], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("node has no package openai; npm install openai, and NODE_PATH=FOLDER/node_modules")
    return Path(found.stdout.strip()).as_uri()


def test_the_package_of_node_reads_answers_streams_and_errors(web, openai_for_node):
    command = ["node", "--input-type=module", "-e", NODE, openai_for_node, f"{web.base_url}v1", FIRST]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["models"] == ["kedrec"] and (told["status"], told["code"]) == (404, "NotReady")
    assert told["message"]["content"].startswith("**Baricitinib**") and told["message"]["annotations"]
    assert told["steps"][0] == "understanding the names\n" and len(told["texts"]) == 1


def test_a_long_history_is_read_and_a_longer_one_is_not(web):
    def status(count):
        body = json.dumps({"model": "kedrec", "messages": said(*["y" * 1000] * count, "hello")})
        return web.post("/v1/chat/completions", content=body, headers=JSON).status_code

    assert status(400) == 200
    assert status(1100) in (413, 422)


def test_the_guard_stands_before_it_and_its_key_is_the_packages_key(settings, web):
    body = {"model": "kedrec", "messages": said(FIRST)}
    for bad in ({"host": "evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert web.post("/v1/chat/completions", json=body, headers=bad).status_code in (403, 421)
        assert web.get("/v1/models", headers=bad).status_code in (403, 421)
    with serving(settings, key="k" * 20) as locked:
        for key, outcome in (("k" * 20, "kedrec"), ("k" * 19, openai.AuthenticationError)):
            with openai.OpenAI(base_url=f"{locked.base_url}v1", api_key=key, max_retries=0) as client:
                if outcome == "kedrec":
                    assert next(iter(client.models.list())).id == outcome
                else:
                    with pytest.raises(outcome):
                        client.models.list()


EVIL = "<img src=x onerror=alert(1)> ![a](https://evil.example/?q) [read this](javascript:alert(1)) `code` [K9]"


def test_no_text_of_a_model_or_an_article_is_markup_in_a_chat_program():
    entity, sentence = Entity(id="Compound::DB1", name=EVIL, kind="Compound"), Sentence(text=EVIL, citations=("P1",))
    made = Recommendation(
        disease=entity, candidates=(entity,), setting="both", model="m", choice=entity.id, abstained=None,
        confidence=0.9, sentences=(sentence,), evidence={"P1": Evidence(key="P1", source_id="PMID:1", text=EVIL)},
        trace_id="t",
    )  # fmt: skip
    reply = Reply(kind="recommendation", recommendation=made, trace_id="t", notes=(EVIL,))
    text = answer_text(Answered(conversation="c" * 16, reply=reply))
    assert text.count("evil.example") == 5
    assert not re.search(r"(?<!\\)<|(?<!\\)!\[|(?<!\\)\]\(|(?<!\\)`", text)
    assert [text[one["url_citation"]["start_index"] :][:4] for one in citations_in(text, made.evidence)] == ["[P1]"] * 2
