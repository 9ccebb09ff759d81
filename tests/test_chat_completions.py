"""The agent as a model of an OpenAI-compatible server, with OpenAI's own package as the client."""

import json

import openai
import pytest
from web_server import JSON, serving
from world import build

from kedrec.serve.service import FORGOTTEN

FIRST = "Why would baricitinib be a better choice than sulfasalazine for alopecia areata?"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return build(tmp_path_factory.mktemp("world") / "home")


@pytest.fixture(scope="module")
def web(settings):
    with serving(settings) as client:
        yield client


@pytest.fixture
def client(web):
    with openai.OpenAI(base_url=f"{web.base_url}v1", api_key="none", max_retries=0) as made:
        yield made


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


@pytest.mark.parametrize("field, value", [("title", "KEDRec"), ("tags", []), ("follow_ups", []), ("queries", [])])
def test_what_a_chat_program_asks_for_itself_costs_nothing(web, client, field, value):
    before = len(web.get("/api/traces", params={"limit": 500}).json())
    task = f'### Task:\nGenerate it.\n### Output:\nJSON: {{ "{field}": ... }}\n{FIRST}' + "x" * 5000
    made = client.chat.completions.create(model="kedrec", messages=said(task)).choices[0].message.content
    assert json.loads(made) == {field: value}
    assert len(web.get("/api/traces", params={"limit": 500}).json()) == before


@pytest.mark.parametrize(
    "asked, error, words",
    [
        ({"model": "gpt-5", "messages": said(FIRST)}, openai.BadRequestError, "kedrec"),
        ({"model": "kedrec", "messages": said("x" * 4001)}, openai.BadRequestError, "4,001"),
        ({"model": "kedrec", "messages": [{"role": "system", "content": "x"}]}, openai.BadRequestError, "user"),
        ({"model": "kedrec", "messages": []}, openai.UnprocessableEntityError, "messages"),
    ],
)
def test_mistakes_are_errors_of_the_package(client, asked, error, words):
    with pytest.raises(error, match=words):
        client.chat.completions.create(**asked)


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
