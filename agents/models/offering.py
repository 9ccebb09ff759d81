"""What all our chat models have in common: how tools are offered to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from kedrec.errors import ModelError

__all__ = ["ToolOfferingModel"]


class ToolOfferingModel(BaseChatModel):
    """A chat model that takes tools as OpenAI describes them, as the parameter `tools`."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools to the model."""
        choice = {"tool_choice": tool_choice} if tool_choice is not None else {}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    async def whole_answer(self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]] = ()) -> AIMessage:
        """The answer to messages, as `ainvoke` gives it, but no callback of LangChain hears of it: that costs much.

        Args:
            messages: what is asked.
            tools: offered to the model, in OpenAI's form.
        """
        offered: dict[str, Any] = {"tools": list(tools)} if tools else {}
        made = await self._agenerate(messages, **offered)
        message: AIMessage = made.generations[0].message  # type: ignore[assignment]
        return message

    async def told_answer(
        self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]], tell: Callable[[str], None]
    ) -> AIMessage:
        """The answer to messages, its text told as it comes.

        Args:
            messages: what is asked.
            tools: offered to the model, in OpenAI's form.
            tell: gets each piece of the text.
        """
        asked: Any = self.bind(tools=list(tools)) if tools else self
        whole: Any = None
        async for chunk in asked.astream(messages):
            if chunk.content:
                tell(str(chunk.content))
            whole = chunk if whole is None else whole + chunk
        if whole is None:
            raise ModelError("The chat model ended its stream without an answer.")
        message: AIMessage = whole
        return message
