"""What models write into their text that is none: thoughts, and tool calls between `<tool_call>` tags."""

from __future__ import annotations

import json
import re
from typing import Any

from langchain_core.messages.tool import invalid_tool_call, tool_call

from kedrec.characters import mended

__all__ = ["VisibleText", "arguments_in", "text_of", "without_thoughts", "written_calls"]

_TAG = "think(?:ing)?"
_OPENING = re.compile(rf"\s*<{_TAG}>")
_CLOSING = re.compile(rf"</{_TAG}>\s*")
_TOOL_CALL = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)
_HIDDEN = ("<think>", "<thinking>", "<tool_call>")


def text_of(content: Any) -> str:
    """The text of a message's content, which may be a list of parts; parts that are thoughts are left out."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(
        part if isinstance(part, str) else str(part.get("text") or "")
        for part in parts
        if isinstance(part, str) or (isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"))
    )


def without_thoughts(text: str) -> str:
    """A text without the thoughts before it; the chat template may have opened them, so that only their end is here."""
    closing = _CLOSING.search(text)
    if _OPENING.match(text):
        return text[closing.end() :] if closing else ""
    return text[closing.end() :] if closing and not re.search(f"<{_TAG}>", text[: closing.start()]) else text


class VisibleText:
    """Lets the text of a stream through as it comes, without thoughts and written tool calls.

    Args:
        sure: whether text is known to begin no thoughts without an opening tag; where not, nothing is let through
            before thoughts have ended or the whole text is there.
    """

    def __init__(self, sure: bool) -> None:
        self._text, self._shown, self._sure = "", 0, sure

    def add(self, text: str) -> str:
        """Take a piece; returns what may be shown now."""
        self._text += text
        start = self._text.lstrip()
        thinks = _OPENING.match(self._text) is not None
        if not _CLOSING.search(self._text) and (
            thinks or not self._sure or any(tag.startswith(start) for tag in _HIDDEN)
        ):
            return ""
        shown = without_thoughts(self._text)
        # Where a tag may begin that is not to be shown; else the end.
        found = shown.find("<tool_call>")
        if found >= 0:
            safe_end = found
        else:
            last = shown.rfind("<")
            safe_end = last if last >= 0 and "<tool_call>".startswith(shown[last:]) else len(shown)
        return self._let_through(shown[:safe_end])

    def rest(self) -> str:
        """What may be shown at the end."""
        return self._let_through(_TOOL_CALL.split(without_thoughts(self._text))[0])

    @property
    def closed_none_alone(self) -> bool:
        """Whether the text ends no thoughts that it did not begin."""
        return _OPENING.match(self._text) is not None or without_thoughts(self._text) == self._text

    def _let_through(self, shown: str) -> str:
        new = shown[self._shown :]
        self._shown = max(self._shown, len(shown))
        return new


def written_calls(text: str) -> tuple[str, list[Any], list[Any]]:
    """A text without the tool calls written into it, the calls that can be read, and those that cannot."""
    calls, broken = [], []
    for i, written in enumerate(_TOOL_CALL.findall(text), 1):
        read = _read_call(written)
        if read is None:
            broken.append(
                invalid_tool_call(name=None, args=written, id=f"call-{i}", error="it is no tool call in JSON")
            )
        else:
            calls.append(tool_call(name=read[0], args=read[1], id=f"call-{i}"))
    return (_TOOL_CALL.sub("", text).strip() if calls or broken else text), calls, broken


def _read_call(text: str) -> tuple[str, dict[str, Any]] | None:
    try:
        value = json.loads(text)
        name, given = value["name"], value.get("arguments", value.get("parameters"))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
    arguments = arguments_in(given)
    return (mended(name), arguments) if isinstance(name, str) and arguments is not None else None


def arguments_in(given: Any) -> dict[str, Any] | None:
    """The arguments of a call: an object, or the JSON of one; none at all for a tool without arguments."""
    if isinstance(given, dict) or not given:
        made: dict[str, Any] = mended(given or {})
        return made
    try:
        value = mended(json.loads(given))
    except (json.JSONDecodeError, TypeError):
        return None
    return value if isinstance(value, dict) else None
