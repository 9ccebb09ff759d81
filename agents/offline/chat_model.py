"""The rule-based offline model: it extracts evidence and weighs it without a language model, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call

from kedrec.agents.models.base import WholeAnswerModel
from kedrec.agents.models.graph_request import read_task
from kedrec.agents.offline.decision import decision
from kedrec.agents.offline.domain_answers import answer_lines
from kedrec.agents.offline.harms.decision import harm_decision
from kedrec.records import SIDE_EFFECT
from kedrec.tools.literature_tools import is_retracted

__all__ = ["OfflineChatModel"]

_WEIGH = "weigh_evidence"


class OfflineChatModel(WholeAnswerModel):
    """Answers the agent graph's four requests by rule; the same request always gives the same answer.

    - `investigate`: one call of `weigh_evidence`, then no more;
    - `answer`: for each domain question the sentences of the evidence that bear on it, quoted;
    - `decide`: the candidate with the highest weighed probability, with the factors behind it as the rationale;
    - `repair`: the same without the sentences that failed the check.

    Where a side effect stands in the place of the disease, the candidate that is more likely to have it is chosen.

    It reads the data that the graph sends along with each request, and none of the prose; it uses no tokens.

    Raises:
        ModelRefused: for a message without that data.
    """

    name: str | None = "offline"
    """Name of the model, as traces show it."""

    @property
    def _llm_type(self) -> str:
        return "offline"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": "offline"}

    def answer(self, messages: list[BaseMessage], parameters: dict[str, Any]) -> AIMessage:
        """The answer to the last request of the graph."""
        # Nothing rests on retracted evidence.
        given = read_task(messages)
        kept = {key: item for key, item in given.evidence.items() if not is_retracted(item.text)}
        task = given.model_copy(update={"evidence": kept})
        if task.task == "investigate":
            offered = {tool["function"]["name"] for tool in parameters.get("tools", ())}
            if _WEIGH not in offered or task.weighing is not None or _already_asked(messages):
                return AIMessage("Nothing more to look up.")
            arguments = {"disease": task.disease.id, "candidates": [drug.id for drug in task.candidates]}
            return AIMessage("", tool_calls=[tool_call(name=_WEIGH, args=arguments, id="weigh-1")])
        if task.task == "answer":
            return AIMessage(answer_lines(task))
        return AIMessage(harm_decision(task) if task.disease.kind == SIDE_EFFECT else decision(task))


def _already_asked(messages: Sequence[BaseMessage]) -> bool:
    """Whether the tool has been called since the last request."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return False
        if isinstance(message, AIMessage) and any(call["name"] == _WEIGH for call in message.tool_calls):
            return True
    return False
