"""Answers of servers in all the forms they come in: streamed or at once, they read the same."""

from __future__ import annotations

import asyncio
import json

import pytest
from chat_server import completion, failure, send, stream, tool_call
from langchain_core.messages import HumanMessage, SystemMessage

from kedrec.agents.models.openai_api.chat_model import OpenAICompatibleChatModel
from kedrec.agents.models.openai_api.messages import without_system
from kedrec.agents.models.openai_batch.result_lines import failure_of
from kedrec.agents.models.written_calls import VisibleText, without_thoughts
from kedrec.characters import mended
from kedrec.config import Settings
from kedrec.errors import ModelRefused, ModelUnavailable

TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}]
WRITTEN = 'Wait. <tool_call>\n{"name": "look_up", "arguments": {"name": "b"}}\n</tool_call>'


@pytest.fixture
def model(server, tmp_path):
    def make(**settings):
        settings = {"home": tmp_path, "base_url": server.url, "api_key": "k", "timeout": 5, "retries": 1, **settings}
        return OpenAICompatibleChatModel.open("tiny", Settings(**settings))

    return make


def told(chat, tools=()):
    shown = []
    answer = asyncio.run(chat.told_answer([HumanMessage("x")], tools, shown.append))
    return answer, "".join(shown)


def both(server, chat, content, finish="stop", **message):
    """What comes of an answer that is sent at once, and of the same one in three pieces and a half."""
    server.queue = [completion(content, finish, **message)]
    whole = asyncio.run(chat.whole_answer([HumanMessage("x")]))
    parts = [content[i : i + 3] for i in range(0, len(content or ""), 3)]
    deltas = [{"content": part} for part in parts] + [message] * bool(message)
    server.queue = [stream(*deltas, finish=finish)]
    streamed, shown = told(chat)
    return whole, streamed, shown


FORMS = {
    "thoughts": "<think>B? no</think>\n\nCHOICE: A",
    "thoughts by another name": "\n<thinking>B?\nno</thinking>CHOICE: A",
    "thoughts that the template opened": "B? no.\n</think>\n\nCHOICE: A",
    "no thoughts": "CHOICE: A",
    "parts": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "B?"}]},
        {"type": "text", "text": "CHOICE: A"},
    ],
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("finish", ["stop", None])
def test_an_answer_reads_the_same_streamed_and_at_once_and_shows_no_thoughts(server, model, content, finish):
    whole, streamed, shown = both(server, model(), content, finish)
    assert whole.content == streamed.content == shown == "CHOICE: A"
    assert whole.response_metadata["finish_reason"] == streamed.response_metadata["finish_reason"] == "stop"


def test_thoughts_that_nothing_opened_are_left_out_after_answers_without_any(server, model):
    chat = model()
    server.queue = [stream({"content": "a"}), stream({"content": "B? "}, {"content": "no </think>"}, {"content": "A"})]
    told(chat)
    answer, _ = told(chat)
    assert answer.content == "A"


@pytest.mark.parametrize("arguments", [{"name": "b"}, '{"name": "b"}'])
def test_arguments_may_be_an_object_or_its_text(server, model, arguments):
    whole, streamed, _ = both(server, model(), None, "tool_calls", tool_calls=[tool_call(arguments)])
    assert whole.tool_calls[0]["args"] == streamed.tool_calls[0]["args"] == {"name": "b"}


def test_tool_calls_written_as_text_are_calls_and_are_not_shown(server, model):
    whole, streamed, shown = both(server, model(), WRITTEN)
    assert whole.tool_calls[0]["args"] == streamed.tool_calls[0]["args"] == {"name": "b"}
    assert whole.content == streamed.content == shown.strip() == "Wait."


def test_half_a_character_is_mended_wherever_it_stands(server, model):
    whole, streamed, shown = both(server, model(), "so \ud83d it is \U0001f600")
    assert whole.content == streamed.content == "so � it is \U0001f600" and shown.isprintable()
    whole, streamed, _ = both(server, model(temperature=0.5), None, tool_calls=[tool_call('{"name": "\\udc00"}')])
    assert whole.tool_calls[0]["args"] == streamed.tool_calls[0]["args"] == {"name": "�"}
    server.queue = [failure(400, "bad \ud83d")]
    with pytest.raises(ModelRefused) as caught:
        model().invoke("y")
    str(caught.value).encode()


def test_two_halves_that_belong_together_are_one_character():
    assert mended({"a": ["\ud83d" + "\ude00", "\ude00\ud83d"]}) == {"a": ["\U0001f600", "��"]}


ERRORS = [
    {"error": {"message": "Upstream is full", "code": 503}},
    {"id": None, "choices": None, "error": {"message": "Upstream is full"}},
    {"choices": [{"finish_reason": "error", "message": {"content": ""}, "error": {"message": "Upstream is full"}}]},
    {"error": "Upstream is full"},
]


@pytest.mark.parametrize("body", ERRORS)
@pytest.mark.parametrize("as_event", [False, True])
def test_an_error_sent_as_an_answer_is_tried_again_and_its_reason_shown(server, model, body, as_event):
    def event(handler):
        send(handler, 200, f"data: {json.dumps(body)}\n\ndata: [DONE]\n\n".encode(), Content_Type="text/event-stream")

    server.queue = [event if as_event else body]
    with pytest.raises(ModelUnavailable, match="Upstream is full"):
        told(model()) if as_event else model().invoke("x")
    assert len(server.requests) == 2
    assert "Upstream is full" in str(failure_of({"response": {"status_code": 200, "body": body}}))


def test_an_error_sent_as_an_answer_that_cannot_pass_is_not_tried_again(server, model):
    server.queue = [{"error": {"message": "no credit", "code": "insufficient_quota"}}]
    with pytest.raises(ModelRefused, match="credit"):
        model().invoke("x")
    assert len(server.requests) == 1


NO_TOOLS = [
    "tiny:1b does not support tools",
    '"auto" tool choice requires --enable-auto-tool-choice',
    "Tool use is not supported",
]


@pytest.mark.parametrize("said", NO_TOOLS)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_server_without_tools_is_asked_without_them_from_then_on_and_says_so_once(
    server, model, said, streamed, caplog
):
    chat = model()
    server.queue = [failure(400, said), stream({"content": "a"}) if streamed else completion("a")]
    for text in ("x", "y"):
        if streamed:
            assert told(chat, TOOLS)[0].content == "a"
        else:
            assert asyncio.run(chat.whole_answer([HumanMessage(text)], TOOLS)).content == "a"
    assert [bool(request.get("tools")) for request in server.requests] == [True, False, False]
    assert caplog.text.count("takes no tools") == 1


@pytest.mark.parametrize("said", ["System role not supported", "Conversation roles must alternate user/assistant"])
def test_a_server_without_a_system_role_gets_its_text_before_the_first_of_the_user(server, model, said, caplog):
    chat = model()
    server.queue = [failure(400, said), completion("a")]
    for text in ("x", "y"):
        chat.invoke([SystemMessage("be brief"), HumanMessage(text)])
    assert [m["content"] for m in server.requests[2]["messages"]] == ["be brief\n\ny"] and len(server.requests) == 3
    assert caplog.text.count("takes no message of the system") == 1


def test_an_answer_of_a_server_that_was_adapted_to_is_not_paid_for_twice(server, model):
    server.queue = [failure(400, "System role not supported"), completion("a")]
    for _ in range(2):
        asyncio.run(model().whole_answer([SystemMessage("s"), HumanMessage("x")]))
    assert len(server.requests) == 2


def test_a_system_message_alone_becomes_one_of_the_user():
    assert without_system([{"role": "system", "content": "s"}]) == [{"role": "user", "content": "s"}]


@pytest.mark.parametrize("text", ["a <b> </c>", "say <think> once", ""])
def test_text_that_only_looks_like_thoughts_stays(text):
    visible = VisibleText(sure=True)
    assert without_thoughts(text) == text == "".join(map(visible.add, text)) + visible.rest()
