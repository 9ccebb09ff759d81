"""The scripted chat model."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool

from kedrec.agents.models.scripted import ScriptedChatModel
from kedrec.errors import ModelRefused, ModelUnavailable


@tool
def look_up(name: str) -> str:
    """Look a name up."""
    return name


def test_replies_come_in_order_and_the_history_holds_what_was_sent():
    model = ScriptedChatModel(queue=["one", AIMessage("two"), lambda messages: f"three after {messages[-1].content}"])
    assert [model.invoke([HumanMessage(q)]).content for q in ("a", "b", "c")] == ["one", "two", "three after c"]
    assert [call.messages[-1].content for call in model.history] == ["a", "b", "c"]


def test_an_exception_is_raised_and_the_next_reply_still_comes():
    model = ScriptedChatModel(queue=[ModelUnavailable("busy"), "then"])
    with pytest.raises(ModelUnavailable, match="busy"):
        model.invoke("x")
    assert model.invoke("x").content == "then"


def test_one_message_given_twice_is_two_messages():
    reply = AIMessage("same", id="fixed")
    model = ScriptedChatModel(queue=[reply, reply])
    first, second = model.invoke("x"), model.invoke("x")
    first.additional_kwargs["mark"] = 1
    assert first.id != second.id and "mark" not in second.additional_kwargs and reply.id == "fixed"


def test_history_is_not_changed_by_what_happens_to_the_messages_later():
    message = HumanMessage("before")
    model = ScriptedChatModel(queue=["x"])
    model.invoke([message])
    message.content = "after"
    assert model.history[0].messages[0].content == "before"


def test_tools_offered_are_named_in_the_history():
    call = AIMessage("", tool_calls=[{"name": "look_up", "args": {"name": "é"}, "id": "1"}])
    model = ScriptedChatModel(queue=[call])
    answer = model.bind_tools([look_up], tool_choice="any").invoke("x")
    assert answer.tool_calls[0]["args"] == {"name": "é"}
    assert model.history[0].tools == ("look_up",) and model.history[0].parameters == {"tool_choice": "any"}


def test_a_stream_adds_up_to_the_reply_with_its_tool_calls_and_usage():
    call = AIMessage("first\nsecond", tool_calls=[{"name": "look_up", "args": {"name": "é"}, "id": "1"}])
    model = ScriptedChatModel(queue=[call])
    chunks = list(model.stream("x"))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert len(chunks) > 2 and whole.content == "first\nsecond"
    assert whole.tool_calls[0]["args"] == {"name": "é"} and whole.usage_metadata["output_tokens"] > 0


def test_an_empty_queue_says_so_and_a_last_reply_can_stay():
    with pytest.raises(ModelRefused, match="call 1"):
        ScriptedChatModel().invoke("x")
    model = ScriptedChatModel(queue=["a"], repeat_last=True)
    assert [asyncio.run(model.ainvoke("x")).content for _ in range(3)] == ["a"] * 3
