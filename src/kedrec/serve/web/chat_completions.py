"""The agent as a model of an OpenAI-compatible server: `/v1/models` and `/v1/chat/completions`."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from kedrec.agents.agent import new_trace_id
from kedrec.agents.prompting.answer_format import LONGEST_QUESTION
from kedrec.agents.workflow.events import STEPS, Event, Listener
from kedrec.errors import KedrecError, UserError
from kedrec.records import Evidence, Usage
from kedrec.serve.happening import happening
from kedrec.serve.problems_told import problem_of
from kedrec.serve.requests import Ask, WhichTrace
from kedrec.serve.results import Answered
from kedrec.serve.service import Service
from kedrec.serve.web.answer_text import answer_text, citations_in
from kedrec.serve.web.api import Served
from kedrec.serve.web.problems import STATUSES
from kedrec.serve.web.streaming import while_waited_for

__all__ = ["router"]

router = APIRouter(prefix="/v1", responses=STATUSES)
MODEL = "kedrec"
"""Name under which the agent is a model."""
TASK = "### Task:"
"""What chat programs begin a request with that is not for the user: titles, tags, follow-ups."""
TASKS = {"title": "KEDRec", "tags": [], "follow_ups": [], "queries": []}
"""Field that such a request asks for -> what it gets, with no work done for it."""


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
    """`kedrec`."""
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    """The conversation; what the user said last is answered."""
    stream: bool = False
    """Whether the answer comes in pieces: steps as `reasoning_content`, then the text."""
    stream_options: dict[Literal["include_usage", "include_obfuscation"], bool] | None = None
    """`include_usage`: whether a last piece says what was used."""


@router.get("/models", summary="The agent as a model")
def models(service: Served) -> dict[str, Any]:
    """The one model there is; what answers behind it is said by `/api/about`."""
    one = {"id": MODEL, "object": "model", "created": 0, "owned_by": f"kedrec ({service.settings.model})"}
    return {"object": "list", "data": [one]}


@router.post("/chat/completions", response_model=None, summary="Ask as a chat")
async def completions(asked: Completion, request: Request, service: Served) -> Response | dict[str, Any]:
    """Answer the last message of the user; a conversation is known again by what the user said in it before."""
    said = [message.text for message in asked.messages if message.role == "user"]
    _check(asked, said)
    if said[-1].lstrip().startswith(TASK):
        return _whole(_task(said[-1]), Usage(), [])
    if asked.stream:
        usage = bool((asked.stream_options or {}).get("include_usage"))
        return StreamingResponse(_pieces(service, said, usage), media_type="text/event-stream")
    made = await while_waited_for(request, _answered(service, said, lambda event: None))
    if isinstance(made, Response):
        return made
    text = answer_text(made)
    return _whole(text, _used(service, made), citations_in(text, _evidence(made)))


def _check(asked: Completion, said: Sequence[str]) -> None:
    if asked.model != MODEL:
        raise UserError(f"There is no model {asked.model!r} here; the one there is: {MODEL}.")
    if not said or not said[-1].strip():
        raise UserError("No message of the role `user` with a text is there to answer.")
    if len(said[-1]) > LONGEST_QUESTION and not said[-1].lstrip().startswith(TASK):
        raise UserError(f"The last message has {len(said[-1]):,} characters; at most {LONGEST_QUESTION:,} are read.")


def _name(said: Sequence[str]) -> str:
    """Name of the conversation in which a user said this and nothing else so far."""
    return f"chat-{hashlib.sha256(json.dumps(list(said)).encode()).hexdigest()[:40]}" if said else ""


async def _answered(service: Service, said: Sequence[str], listener: Listener) -> Answered:
    """Answer the last message; what the conversation is about then is kept under the name that it has next time."""
    before = _name(said[:-1])
    known = before if service.topic(before) is not None else None
    made = await service.ask(Ask(text=said[-1], conversation=known), listener)
    topic = service.topic(made.conversation)
    if topic is not None:
        service.remember(_name(said), topic)
    return made


def _task(text: str) -> str:
    """The answer to a request that is not for the user, in the form that it asks for."""
    wanted = next((field for field in TASKS if f'"{field}"' in text), None)
    return json.dumps({wanted: TASKS[wanted]}) if wanted else ""


def _evidence(made: Answered) -> dict[str, Evidence]:
    return made.reply.cited


def _used(service: Service, made: Answered) -> Usage:
    if made.reply.kind != "recommendation" or made.reply.trace_id is None:
        return Usage()
    return service.trace(WhichTrace(id=made.reply.trace_id)).usage


def _usage(used: Usage) -> dict[str, int]:
    total = used.input_tokens + used.output_tokens
    return {"prompt_tokens": used.input_tokens, "completion_tokens": used.output_tokens, "total_tokens": total}


def _whole(text: str, used: Usage, cited: list[dict[str, Any]]) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": cited}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_head("chat.completion"), "choices": [choice], "usage": _usage(used)}


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{new_trace_id()}", "object": kind, "created": int(time.time()), "model": MODEL}


async def _pieces(service: Service, said: Sequence[str], usage: bool) -> AsyncIterator[bytes]:
    """The steps as they begin, then the text, which has passed the check by then."""
    head = _head("chat.completion.chunk")

    def piece(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return _line({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]})

    yield piece({"role": "assistant", "content": ""})
    try:
        async for one in happening(lambda listener: _answered(service, said, listener)):
            if one is None:
                yield b": still at work\n\n"
            elif isinstance(one, Event) and one.kind == "step_started":
                yield piece({"reasoning_content": f"{STEPS.get(one.step, one.step)}\n"})
            elif isinstance(one, Answered):
                text = answer_text(one)
                yield piece({"content": text, "annotations": citations_in(text, _evidence(one))})
                yield piece({}, "stop")
                if usage:
                    yield _line({**head, "choices": [], "usage": _usage(_used(service, one))})
    except KedrecError as error:
        yield _line(problem_of(error)[1].model_dump())
    yield b"data: [DONE]\n\n"


def _line(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
