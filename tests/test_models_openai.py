"""Chat models behind an OpenAI-compatible server, against a real server on this machine."""

from __future__ import annotations

import asyncio
import time

import pytest
from chat_server import (
    completion,
    drop,
    failure,
    html,
    stalled,
    stream,
    tool_call,
    truncated,
)  # fmt: skip
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from kedrec.agents.models.openai_api.chat_model import OpenAICompatibleChatModel
from kedrec.config import Settings
from kedrec.errors import ConfigError, ModelRefused, ModelUnavailable

KEY = "sk-verysecretkey0123456789"


@tool
def look_up(name: str) -> str:
    """Look a name up."""
    return name


@pytest.fixture
def model(server, tmp_path):
    def make(**settings):
        settings = {"home": tmp_path, "base_url": server.url, "api_key": KEY, "timeout": 5, "retries": 2, **settings}
        return OpenAICompatibleChatModel.open("tiny", Settings(**settings))

    return make


def whole(chunks):
    chunks = list(chunks)
    first = chunks[0]
    for chunk in chunks[1:]:
        first = first + chunk
    return first


def test_a_plain_answer_comes_with_its_usage_and_the_server_gets_the_whole_request(server, model):
    server.queue = [completion("hi there")]
    answer = model().invoke([SystemMessage("be brief"), HumanMessage("hello")])
    assert answer.content == "hi there" and answer.usage_metadata["input_tokens"] == 11
    sent = server.requests[0]
    assert [(m["role"], m["content"]) for m in sent["messages"]] == [("system", "be brief"), ("user", "hello")]
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("tiny", 0.0, 2048)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_the_payload_for_offline_is_not_sent(server, model):
    server.queue = [completion()]
    model().invoke([HumanMessage("x", additional_kwargs={"kedrec": {"task": "decide"}})])
    assert "kedrec" not in str(server.requests[0])


def test_async_calls_work_side_by_side(server, model):
    server.queue = [completion("hi")]
    chat = model()

    async def both():
        return await asyncio.gather(*(chat.ainvoke(f"question {i}") for i in range(5)))

    assert [answer.content for answer in asyncio.run(both())] == ["hi"] * 5


def test_a_sync_call_works_inside_a_running_loop(server, model):
    server.queue = [completion("hi")]

    async def inside():
        return model().invoke("x")

    assert asyncio.run(inside()).content == "hi"


def test_tool_calls_are_offered_read_and_sent_back(server, model):
    server.queue = [completion(None, "tool_calls", tool_calls=[tool_call('{"name": "é"}')]), completion("done")]
    chat = model().bind_tools([look_up])
    first = chat.invoke([HumanMessage("x")])
    assert (
        first.tool_calls[0]["args"] == {"name": "é"} and server.requests[0]["tools"][0]["function"]["name"] == "look_up"
    )
    chat.invoke([HumanMessage("x"), first, ToolMessage("found", tool_call_id=first.tool_calls[0]["id"])])
    assert [m["role"] for m in server.requests[1]["messages"]] == ["user", "assistant", "tool"]
    assert server.requests[1]["messages"][1]["tool_calls"][0]["id"] == "id0"


@pytest.mark.parametrize("arguments", ['{"name": ', "[1]", "look it up"])
def test_a_malformed_tool_call_is_data_and_the_others_still_count(server, model, arguments):
    calls = [tool_call(arguments), tool_call('{"name": "b"}', index=1)]
    server.queue = [completion("", "tool_calls", tool_calls=calls), completion("done")]
    answer = model().bind_tools([look_up]).invoke("x")
    assert [call["args"] for call in answer.tool_calls] == [{"name": "b"}]
    assert answer.invalid_tool_calls[0]["args"] == arguments and answer.invalid_tool_calls[0]["error"]
    model().invoke([HumanMessage("x"), answer, ToolMessage("broken", tool_call_id="id0")])
    assert {call["id"] for call in server.requests[-1]["messages"][1]["tool_calls"]} == {"id0", "id1"}


def test_a_stream_adds_up_to_the_answer(server, model):
    server.queue = [stream({"role": "assistant", "content": "hel"}, {"content": "lo"})]
    chat = model()
    assert whole(chat.stream("x")).content == "hello"
    chunks = list(chat.stream("x"))
    answer = whole(chunks)
    assert answer.content == "hello" and answer.usage_metadata["output_tokens"] == 7 and len(chunks) > 2
    assert answer.response_metadata["finish_reason"] == "stop" and server.requests[0]["stream"] is True


def test_a_stream_is_passed_on_while_it_comes_once_it_is_known_how_its_thoughts_begin(server, model):
    server.queue = [stream({"content": "a"}), stream({"content": "a"}, {"content": "b"}, pause=0.3)]
    chat = model()
    list(chat.stream("x"))

    async def first():
        started = time.monotonic()
        async for chunk in chat.astream("x"):
            return chunk.content, time.monotonic() - started
        return None

    text, seconds = asyncio.run(first())
    assert text == "a" and seconds < 0.75


def test_streamed_tool_calls_are_put_together(server, model):
    parts = [
        {"tool_calls": [tool_call('{"na')]},
        {"tool_calls": [{"index": 0, "function": {"arguments": 'me": "b"}'}}]},
    ]
    server.queue = [stream(*parts, finish="tool_calls")]
    assert whole(model().stream("x")).tool_calls[0]["args"] == {"name": "b"}


@pytest.mark.parametrize("bad", [failure(500), failure(503), drop, truncated, completion(""), completion(None)])
def test_what_may_succeed_is_tried_again(server, model, bad):
    server.queue = [bad, completion("at last")]
    assert model().invoke("x").content == "at last" and len(server.requests) == 2


def test_retry_after_is_respected(server, model):
    server.queue = [failure(429, Retry_After="1"), completion("at last")]
    assert model().invoke("x").content == "at last"
    assert server.times[1] - server.times[0] >= 1.0


def test_a_server_that_asks_for_an_hour_is_not_waited_for(server, model):
    server.queue = [failure(429, Retry_After="3600")]
    with pytest.raises(ModelUnavailable, match="429"):
        model().invoke("x")
    assert len(server.requests) == 1


def test_it_gives_up_after_the_last_try(server, model):
    server.queue = [failure(500, "boom")]
    with pytest.raises(ModelUnavailable, match="boom"):
        model(retries=1).invoke("x")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (failure(401), "KEDREC_API_KEY"),
        (failure(403), "may not"),
        (failure(404), "base_url"),
        (failure(400, "bad"), "bad"),
        (failure(429, "pay", code="insufficient_quota"), "credit"),
        (failure(400, "This model's maximum context length is 8192 tokens"), "longer than the model's context"),
        (failure(400, "too long", code="context_length_exceeded"), "longer than the model's context"),
        (completion("half", "content_filter"), "content filter"),
        (completion(None, refusal="I cannot"), "I cannot"),
        (completion("", "length"), "max_output_tokens"),
        (html, "base_url"),
    ],
)
def test_what_cannot_succeed_is_not_tried_again_and_says_why(server, model, bad, says):
    server.queue = [bad]
    with pytest.raises(ModelRefused, match=says):
        model().invoke("x")
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [stalled(3), stream({"content": "a"}, {"content": "b"}, pause=3)])
def test_a_stalled_server_is_left_in_time(server, model, reply):
    server.queue = [reply]
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match="in time"):
        list(model(timeout=0.5, retries=0).stream("x"))
    assert time.monotonic() - started < 2.5


def test_a_server_that_trickles_cannot_hold_a_plain_answer(server, model):
    server.queue = [stalled(3)]
    with pytest.raises(ModelUnavailable, match="in time"):
        model(timeout=0.5, retries=0).invoke("x")


def test_a_stream_that_breaks_off_is_an_error_and_is_not_begun_again(server, model):
    server.queue = [stream({"content": "a"}), stream({"content": "a"}, finish=None, done=False)]
    chat = model()
    list(chat.stream("x"))
    with pytest.raises(ModelUnavailable, match="dropped"):
        list(chat.stream("x"))
    assert len(server.requests) == 2


def test_a_stream_is_begun_again_before_its_first_piece(server, model):
    server.queue = [failure(500), stream({"content": "a"})]
    assert whole(model().stream("x")).content == "a"


def test_nobody_there_is_unavailable(tmp_path):
    settings = Settings(home=tmp_path, base_url="http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(ModelUnavailable, match="base_url"):
        OpenAICompatibleChatModel.open("tiny", settings).invoke("x")


def test_a_parameter_that_the_server_does_not_take_is_left_out(server, model):
    refused = failure(400, "Unsupported value: 'temperature'", code="unsupported_value", param="temperature")
    server.queue = [refused, completion("fine")]
    chat = model(retries=0)
    assert chat.invoke("x").content == "fine" and chat.invoke("y").content == "fine"
    assert ["temperature" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("status", [400, 401, 500])
def test_the_key_is_in_no_error(server, model, status):
    server.queue = [failure(status, f"Incorrect API key provided: {KEY}. Header: Bearer {KEY}")]
    with pytest.raises((ModelRefused, ModelUnavailable)) as caught:
        model(retries=0).invoke("x")
    assert KEY not in str(caught.value) and KEY not in repr(model()) and caught.value.__cause__ is None


def test_the_same_request_is_paid_for_once(server, model):
    server.queue = [completion("one"), completion("two")]
    assert model().invoke("x").usage_metadata["output_tokens"] == 7
    again = model().invoke("x")
    assert again.content == "one" and again.response_metadata["cached"] and again.usage_metadata["output_tokens"] == 0
    assert len(server.requests) == 1
    assert model().bind_tools([look_up]).invoke("x").content == "two"


async def both(chat):
    return await asyncio.gather(chat.ainvoke("x"), chat.ainvoke("x"), return_exceptions=True)


def test_the_same_request_made_twice_at_the_same_time_is_paid_for_once(server, model):
    server.queue = [completion("one"), completion("two")]
    assert [answer.content for answer in asyncio.run(both(model()))] == ["one", "one"]
    assert len(server.requests) == 1


def test_who_waited_for_a_request_that_failed_makes_it_anew(server, model):
    server.queue = [failure(400), completion("whole")]
    failed, answered = asyncio.run(both(model()))
    assert isinstance(failed, ModelRefused) and answered.content == "whole"


@pytest.mark.parametrize(
    "bad", [completion("half a", "length"), completion("", "tool_calls", tool_calls=[tool_call("{")])]
)
def test_a_failure_is_never_kept(server, model, bad):
    server.queue = [bad, completion("whole")]
    model().invoke("x")
    assert model().invoke("x").content == "whole"


def test_an_error_is_never_kept(server, model):
    server.queue = [failure(400), completion("whole")]
    with pytest.raises(ModelRefused):
        model().invoke("x")
    assert model().invoke("x").content == "whole"


def test_samples_are_not_kept(server, model):
    server.queue = [completion("one"), completion("two")]
    assert [model(temperature=1.0).invoke("x").content for _ in range(2)] == ["one", "two"]


def test_a_damaged_cache_does_not_stop_the_work(server, model, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "answers.sqlite").write_bytes(b"no database" * 1000)
    server.queue = [completion("fine")]
    assert model().invoke("x").content == "fine"


def test_without_a_key_openai_itself_is_a_users_mistake(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="KEDREC_API_KEY or OPENAI_API_KEY"):
        OpenAICompatibleChatModel.open("m", Settings(home=tmp_path))
    with pytest.raises(ConfigError, match="web address"):
        OpenAICompatibleChatModel.open("m", Settings(home=tmp_path, base_url="localhost:8000"))


def test_thoughts_are_left_out(server, model):
    server.queue = [completion("<think>hm\nhm</think>\n\nCHOICE: A")]
    assert model().invoke("x").content == "CHOICE: A"
