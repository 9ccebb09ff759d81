"""The agent as a model of an OpenAI-compatible server: `/v1/models` and `/v1/chat/completions`."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from kedrec.agents.agent import Agent, new_trace_id
from kedrec.agents.prompting.answer_format import LONGEST_QUESTION
from kedrec.agents.workflow.events import STEPS, Event, Listener
from kedrec.errors import KedrecError, UserError
from kedrec.records import Evidence, Usage
from kedrec.serve.error_status import problem_of
from kedrec.serve.followed_work import happening
from kedrec.serve.requests import Ask
from kedrec.serve.results import Answered
from kedrec.serve.service import MODEL, Service
from kedrec.serve.web.api import Served
from kedrec.serve.web.problems import CHAT_STATUSES, as_openai
from kedrec.serve.web.streaming import while_waited_for
from kedrec.serve.web.v1.answer_text import answer_text, citations_in
from kedrec.serve.web.v1.chat_tasks import is_task, task_answer

__all__ = ["router"]

router = APIRouter(prefix="/v1", responses=CHAT_STATUSES)


class Message(BaseModel):
    """What was said by whom."""

    model_config = ConfigDict(extra="ignore")

    role: str
    """`user`, `assistant`, `system`, …"""
    content: str | list[dict[str, Any]] | None = None
    """Text, or parts of which those of text are read."""

    @property
    def text(self) -> str:
        """Its text."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(str(part.get("text", "")) for part in self.content or () if part.get("type") == "text")


class Completion(BaseModel):
    """A request; what sets how a language model writes is taken and has no effect."""

    model_config = ConfigDict(extra="ignore")

    model: str = MODEL
    """`kedrec`, or a name that the server was given another model under."""
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    """The conversation; what the user said last is answered."""
    stream: bool = False
    """Whether the answer comes in pieces: steps as `reasoning_content`, then the text."""
    stream_options: dict[Literal["include_usage", "include_obfuscation"], bool] | None = None
    """`include_usage`: whether a last piece says what was used."""


@router.get("/models", summary="The agent as models")
def models(service: Served) -> dict[str, Any]:
    """The names under which questions are answered."""
    return {"object": "list", "data": [_model(name, agent) for name, agent in service.agents.items()]}


@router.get("/models/{name}", summary="One of them")
def model(name: str, service: Served) -> dict[str, Any]:
    """One name, and what answers behind it."""
    return _model(name, service.agent_named(name))


def _model(name: str, agent: Agent) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": f"kedrec ({agent.settings.model})"}


@router.post("/chat/completions", response_model=None, summary="Ask as a chat")
async def completions(asked: Completion, request: Request, service: Served) -> Response | dict[str, Any]:
    """Answer the last message of the user; a conversation is known again by what the user said in it before."""
    said = [message.text for message in asked.messages if message.role == "user"]
    service.agent_named(asked.model)
    if not said or not said[-1].strip():
        raise UserError("No message of the role `user` with a text is there to answer.")
    if len(said[-1]) > LONGEST_QUESTION and not is_task(said[-1]):
        raise UserError(f"The last message has {len(said[-1]):,} characters; at most {LONGEST_QUESTION:,} are read.")
    if asked.stream:
        return StreamingResponse(_pieces(service, asked, said), media_type="text/event-stream")
    if is_task(said[-1]):
        return _whole(asked.model, task_answer(said[-1]), Usage(), [])
    made = await while_waited_for(request, _answered(service, asked.model, said, lambda event: None))
    if isinstance(made, Response):
        return made
    text = answer_text(made)
    return _whole(asked.model, text, _used(service, made), citations_in(text, _evidence(made)))


def _name(said: Sequence[str]) -> str:
    """Name of the conversation in which a user said this and nothing else so far."""
    return f"chat-{hashlib.sha256(json.dumps(list(said)).encode()).hexdigest()[:40]}" if said else ""


async def _answered(service: Service, model: str, said: Sequence[str], listener: Listener) -> Answered:
    """Answer the last message; what the conversation is about then is kept under the name that it has next time."""
    before = _name(said[:-1])
    known = before if service.conversations.topic(before) is not None else None
    made = await service.ask(Ask(text=said[-1], conversation=known), listener, model)
    topic = service.conversations.topic(made.conversation)
    if topic is not None:
        service.conversations.keep(_name(said), topic)
    return made


def _evidence(made: Answered) -> dict[str, Evidence]:
    return made.reply.cited


def _used(service: Service, made: Answered) -> Usage:
    if made.reply.kind != "recommendation" or made.reply.trace_id is None:
        return Usage()
    return service.usage_of(made.reply.trace_id)


def _usage(used: Usage) -> dict[str, int]:
    total = used.input_tokens + used.output_tokens
    return {"prompt_tokens": used.input_tokens, "completion_tokens": used.output_tokens, "total_tokens": total}


def _whole(model: str, text: str, used: Usage, cited: list[dict[str, Any]]) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": cited}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_head("chat.completion", model), "choices": [choice], "usage": _usage(used)}


def _head(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{new_trace_id()}", "object": kind, "created": int(time.time()), "model": model}


async def _pieces(service: Service, asked: Completion, said: Sequence[str]) -> AsyncIterator[bytes]:
    """The steps as they begin, then the text, which has passed the check by then, and what was used if wanted."""
    head = _head("chat.completion.chunk", asked.model)
    used = Usage()
    yield _piece(head, {"role": "assistant", "content": ""})
    try:
        async with aclosing(_happening(service, asked.model, said)) as following:
            async for one in following:
                if one is None:
                    yield b": still at work\n\n"
                elif isinstance(one, Event):
                    yield _piece(head, {"reasoning_content": f"{STEPS.get(one.step, one.step)}\n"})
                elif isinstance(one, Answered):
                    text, used = answer_text(one), _used(service, one)
                    yield _piece(head, {"content": text, "annotations": citations_in(text, _evidence(one))})
                elif isinstance(one, str):
                    yield _piece(head, {"content": one})
        yield _piece(head, {}, "stop")
        if (asked.stream_options or {}).get("include_usage"):
            yield _line({**head, "choices": [], "usage": _usage(used)})
    except KedrecError as error:
        yield _line(as_openai(problem_of(error)[1].error))
    yield b"data: [DONE]\n\n"


async def _happening(
    service: Service, model: str, said: Sequence[str]
) -> AsyncGenerator[Event | BaseModel | str | None, None]:
    """What happens until there is an answer; at once the text where the message is none of the user's."""
    if is_task(said[-1]):
        yield task_answer(said[-1])
        return

    # Of all that happens only the beginning of a step is shown; each thing told wakes this thread up.
    def telling(listener: Listener) -> Awaitable[Answered]:
        return _answered(service, model, said, lambda event: listener(event) if event.kind == "step_started" else None)

    async with aclosing(happening(telling)) as following:
        async for one in following:
            yield one


def _piece(head: Mapping[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    return _line({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]})


def _line(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
