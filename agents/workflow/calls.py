"""Where the graph's calls go: to the tools and the model, each one recorded in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from kedrec.agents.prompting.messages import ChatMessage, fingerprint, from_model, to_model
from kedrec.agents.workflow.events import Event, Listener
from kedrec.agents.workflow.turn_taking import LoopSlot
from kedrec.config import Settings
from kedrec.errors import KedrecError, ModelError
from kedrec.records import ModelCall, ToolCall, ToolResult, Usage
from kedrec.redaction import Redactor
from kedrec.tools.toolbox import Toolbox, schemas

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

__all__ = ["CallElsewhere", "Calls", "LiveCalls", "ModelRequest", "ToolRequest", "model_hash", "tool_hash"]

ToolRequest = tuple[str, dict[str, Any]]
"""Name and arguments."""


@dataclass(frozen=True)
class ModelRequest:
    """What a chat model is asked."""

    messages: tuple[ChatMessage, ...]
    """In OpenAI's chat form."""
    payload: dict[str, Any] = field(default_factory=dict)
    """The same as data, for models that read data."""
    tools: tuple[str, ...] = ()
    """Names of the tools offered."""


class Times(TypedDict):
    """When a call began and how long it took."""

    started: float
    """Seconds after the run began."""
    seconds: float
    """Wall-clock."""


CallElsewhere = Callable[[str, dict[str, Any]], Awaitable[ToolResult | None]]
"""Calls a tool elsewhere than in this process; None where that cannot be done."""
LONG = "graph_evidence"
"""The quick tool that takes longest: it is called elsewhere, where others are."""


class Calls(Protocol):
    """Makes calls and remembers them."""

    record: list[ModelCall | ToolCall]
    """Every call, in an order that does not depend on which was done first."""

    async def tools(self, step: str, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        """Call tools side by side."""
        ...

    async def models(self, step: str, requests: Sequence[ModelRequest]) -> list[ModelCall]:
        """Ask the model side by side.

        Raises:
            ModelError: where one of the calls failed; all are recorded.
        """
        ...


class LiveCalls:
    """Calls the tools and the model themselves.

    Args:
        toolbox: the tools.
        model: the chat model.
        settings: parameters and prices.
        redactor: keeps secrets out of what is recorded, and so out of what follows from it.
        threads: where tools run.
        listener: gets events; where there is one the model streams.
        slot: to work on the event loop, given up for as long as a call is waited for.
        beside: calls tools elsewhere.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        model: BaseChatModel,
        settings: Settings,
        *,
        redactor: Redactor,
        threads: Executor | None = None,
        listener: Listener | None = None,
        slot: LoopSlot | None = None,
        beside: CallElsewhere | None = None,
    ) -> None:
        self.record: list[ModelCall | ToolCall] = []
        self._toolbox, self._model, self._settings = toolbox, model, settings
        self._redactor, self._threads, self._listener, self._slot = redactor, threads, listener, slot
        self._beside, self._begun = beside, time.perf_counter()

    async def tools(self, step: str, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        """Call tools side by side."""
        if all(self._is_quick(name) for name, _ in requests):
            made = [await self._tool(step, name, arguments) for name, arguments in requests]
        else:
            async with self._aside():
                made = await asyncio.gather(*(self._tool(step, name, arguments) for name, arguments in requests))
        self.record.extend(made)
        return [call.result for call in made]

    async def models(self, step: str, requests: Sequence[ModelRequest]) -> list[ModelCall]:
        """Ask the model, side by side where it is somewhere else."""
        async with self._aside():
            if len(requests) > 1 and self._waits():
                made = await asyncio.gather(*(self._ask(step, request) for request in requests))
            else:
                made = [await self._ask(step, request) for request in requests]
        self.record.extend(call for call, _ in made)
        for _, error in made:
            if error is not None:
                raise error
        return [call for call, _ in made]

    def _aside(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._slot is None else self._slot.released()

    def _waits(self) -> bool:
        """Whether the model waits for somebody else; one that works in this process gains nothing side by side."""
        from langchain_core.language_models import BaseChatModel

        return type(self._model)._agenerate is not BaseChatModel._agenerate

    def _is_quick(self, name: str) -> bool:
        return self._toolbox.is_quick(name) and (self._beside is None or name != LONG)

    async def _tool(self, step: str, name: str, arguments: dict[str, Any]) -> ToolCall:
        started = time.perf_counter()
        if self._is_quick(name):
            found: ToolResult | None = self._toolbox.call(name, arguments)
        else:
            found = await self._beside(name, arguments) if self._beside is not None else None
        if found is None:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._threads, self._toolbox.call, name, arguments)
        result = self._redactor.result(found)
        times = self._times(started)
        self._tell(Event(kind="tool_called", step=step, text=name, seconds=times["seconds"]))
        digest, arguments = tool_hash(name, arguments), self._redactor.plain(arguments)
        return ToolCall(step=step, name=name, arguments=arguments, request_sha256=digest, result=result, **times)

    async def _ask(self, step: str, request: ModelRequest) -> tuple[ModelCall, ModelError | None]:
        started = time.perf_counter()
        request = ModelRequest(tuple(self._redactor.plain(request.messages)), request.payload, request.tools)
        answer, error = await self._answer(step, request)
        times = self._times(started)
        self._tell(Event(kind="model_called", step=step, text=self._settings.model, seconds=times["seconds"]))
        counted = answer.usage_metadata if answer is not None else None
        if not counted:
            usage = Usage()
        else:
            sent, received = counted["input_tokens"], counted["output_tokens"]
            cost = (sent * self._settings.input_price + received * self._settings.output_price) / 1e6
            usage = Usage(input_tokens=sent, output_tokens=received, cost=cost)
        call = ModelCall(
            step=step,
            request_sha256=model_hash(request, self._settings),
            messages=request.messages,
            tools=request.tools,
            response=self._redactor.plain(from_model(answer)) if answer is not None else None,
            usage=usage,
            error=self._redactor.text(f"{type(error).__name__}: {error}") if error else None,
            **times,
        )
        return call, error

    async def _answer(self, step: str, request: ModelRequest) -> tuple[AIMessage | None, ModelError | None]:
        try:
            return await self._invoke(step, request), None
        except ModelError as error:
            return None, error
        except KedrecError as error:
            return None, ModelError(str(error))
        except Exception as error:  # noqa: BLE001 - whatever a model's library raises is a failed call, not a crash
            return None, ModelError(f"The chat model {self._settings.model} failed: {type(error).__name__}: {error}")

    async def _invoke(self, step: str, request: ModelRequest) -> AIMessage:
        from kedrec.agents.models.base import ToolOfferingModel

        messages = to_model(request.messages, request.payload)
        offered = [schemas()[name] for name in request.tools]
        if isinstance(self._model, ToolOfferingModel):
            if self._listener is None:
                return await self._model.whole_answer(messages, offered)
            return await self._model.told_answer(messages, offered, lambda text: self._tell_text(step, text))
        asked: Any = self._model.bind_tools(offered) if offered else self._model
        if self._listener is None:
            answer: AIMessage = await asked.ainvoke(messages)
            return answer
        return await self._streamed(step, asked, messages)

    async def _streamed(self, step: str, asked: Any, messages: list[BaseMessage]) -> AIMessage:
        whole: Any = None
        async for chunk in asked.astream(messages):
            if chunk.content:
                self._tell_text(step, str(chunk.content))
            whole = chunk if whole is None else whole + chunk
        if whole is None:
            raise ModelError("The chat model ended its stream without an answer.")
        message: AIMessage = whole
        return message

    def _times(self, started: float) -> Times:
        """The times of a call that ends now, to the microsecond."""
        return Times(started=round(started - self._begun, 6), seconds=round(time.perf_counter() - started, 6))

    def _tell_text(self, step: str, text: str) -> None:
        self._tell(Event(kind="token", step=step, text=text))

    def _tell(self, event: Event) -> None:
        if self._listener is not None:
            self._listener(event)


def tool_hash(name: str, arguments: dict[str, Any]) -> str:
    """Hash of a tool call's request."""
    return fingerprint(name, arguments)


def model_hash(request: ModelRequest, settings: Settings, model: str | None = None) -> str:
    """Hash of a model call's request: messages, tools, and the parameters that shape the answer.

    Args:
        request: what was asked.
        settings: hold the parameters.
        model: specification of the model, where it is not that of the settings.
    """
    parameters = {
        "model": model or settings.model,
        "temperature": settings.temperature,
        "max": settings.max_output_tokens,
    }
    return fingerprint(request.messages, request.tools, parameters)
