"""Streamed answers: their pieces put together to the whole answer that the server would have sent at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from kedrec.agents.models.openai_api.messages import ResponseBody
from kedrec.agents.models.written_calls import text_of

__all__ = ["StreamedAnswer", "events_in"]

DONE = "[DONE]"


class StreamedAnswer:
    """The pieces of one answer."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._calls: dict[Any, dict[str, Any]] = {}
        self._whole: ResponseBody = {}
        self._reason: str | None = None
        self._done = False

    def add(self, piece: dict[str, Any] | None) -> str:
        """Take a piece, or the server's word that there are no more (None); returns the text in it."""
        if piece is None:
            self._done = True
            return ""
        for name in ("model", "usage"):
            self._whole[name] = piece.get(name) or self._whole.get(name)
        choice = (piece.get("choices") or [{}])[0]
        self._reason = choice.get("finish_reason") or self._reason
        said = choice.get("delta") or choice.get("message") or {}
        self._done = self._done or "message" in choice
        self._refusals.append(said.get("refusal") or "")
        for call in said.get("tool_calls") or ():
            self._add_call(call)
        self._texts.append(text_of(said.get("content")))
        return self._texts[-1]

    def whole(self) -> ResponseBody | None:
        """The answer, in the form of one that was sent at once; None where the server broke off."""
        if self._reason is None and not self._done:
            return None
        message = {
            "role": "assistant",
            "content": "".join(self._texts),
            "refusal": "".join(self._refusals) or None,
            "tool_calls": list(self._calls.values()),
        }
        return {**self._whole, "choices": [{"message": message, "finish_reason": self._reason}]}

    def _add_call(self, piece: dict[str, Any]) -> None:
        function = piece.get("function") or {}
        # A piece names its call by index; without one, a name begins the next call.
        if piece.get("index") is not None:
            place = piece["index"]
        else:
            begins = bool((piece.get("function") or {}).get("name")) or not self._calls
            place = len(self._calls) if begins else next(reversed(self._calls))
        call = self._calls.setdefault(place, {"id": None, "function": {"name": None, "arguments": None}})
        call["id"] = call["id"] or piece.get("id")
        made = call["function"]
        made["name"] = made["name"] or function.get("name")
        given = function.get("arguments")
        both = isinstance(given, str) and isinstance(made["arguments"], str)
        made["arguments"] = made["arguments"] + given if both else given or made["arguments"]


async def events_in(sent: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    """The JSON of each event of a stream, and None where the server says that it is done.

    Raises:
        ValueError: where an event is no JSON.
    """
    lines: list[str] = []
    async for line in _lines(sent):
        if line.startswith("data:"):
            lines.append(line.removeprefix("data:").strip())
        elif not line and lines:
            yield _event(lines)
            lines.clear()
    if lines:
        yield _event(lines)


async def _lines(sent: AsyncIterator[bytes]) -> AsyncIterator[str]:
    left = b""
    async for part in sent:
        *whole, left = (left + part).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").strip()
    yield left.decode("utf-8", "replace").strip()


def _event(lines: list[str]) -> Any:
    text = "\n".join(lines)
    return None if text == DONE else json.loads(text)
