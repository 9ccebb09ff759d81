"""Understanding a question with a language model, which looks its names up by tool calls."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from kedrec.agents.chat.combining import names_in, unknown_names
from kedrec.agents.chat.entity_finder import NameInText
from kedrec.agents.chat.left_out import left_out
from kedrec.agents.chat.question_parser import Understanding, understand, understood_from
from kedrec.agents.prompting.answer_format import LONGEST_QUESTION, refuse_too_long
from kedrec.errors import ModelError
from kedrec.graphdb.store import GraphStore
from kedrec.records import Match, ToolResult
from kedrec.tools.text.untrusted_text import plain
from kedrec.tools.toolbox import Toolbox, schemas

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from kedrec.agents.agent import Agent

__all__ = ["understand_by_model", "understand_question"]

_TOOL = "resolve_entity"
_TURNS = 4
_MOST_NAMES = 12
_BY_NAMES = ("offline", "local", "student", "scripted")
"""Models that have no language for this, are not trained for it, or replay."""


def understand_question(agent: Agent, text: str) -> tuple[Understanding, tuple[str, ...]]:
    """Understand a question with the agent's model where it has language enough, else by the names of the graph.

    Args:
        agent: the agent that is to answer it.
        text: the question.

    Returns:
        What was understood, and notes for the user: where the model failed, names are used in its place.

    Raises:
        UserError: the question is too long.
    """
    refuse_too_long(text, LONGEST_QUESTION, "The question")
    store = agent.resources.store
    if agent.model._llm_type in _BY_NAMES:
        return understand(text, store), ()
    try:
        return understand_by_model(text, agent.model, agent.resources.toolbox("none"), store), ()
    except ModelError as error:
        note = f"The model could not be asked what the question means ({error}); its names were looked up instead."
        return understand(text, store), (note,)


def understand_by_model(text: str, model: BaseChatModel, toolbox: Toolbox, store: GraphStore) -> Understanding:
    """Understand a question by a language model's own calls of `resolve_entity`.

    Args:
        text: the question.
        model: a chat model that calls tools.
        toolbox: has the tool.
        store: the graph.

    Returns:
        What was understood; by the names of the graph where the model looks nothing up.

    Raises:
        ModelError: where the model fails.
    """
    messages, results = _opening(text), list[ToolResult]()
    asking = model.bind_tools([schemas()[_TOOL]])
    answer = asking.invoke(messages)
    for _ in range(_TURNS):
        if not answer.tool_calls and not answer.invalid_tool_calls:
            break
        messages += [answer, *_looked_up(answer, toolbox, results)]
        answer = asking.invoke(messages)
    if not results and not _asks(str(answer.text)):
        return understand(text, store)
    named = names_in(text, store)
    return _understood(text, results, str(answer.text), named)


def _opening(text: str) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage, SystemMessage

    rules = (files("kedrec.agents") / "prompts" / "understand.md").read_text("utf-8")
    return [SystemMessage(rules), HumanMessage(f"Question: {plain(text, 2000)}")]


def _looked_up(answer: AIMessage, toolbox: Toolbox, results: list[ToolResult]) -> list[BaseMessage]:
    """Make the calls that the model asked for; the results are kept, and told to it."""
    from langchain_core.messages import ToolMessage

    told: list[BaseMessage] = []
    for call in answer.tool_calls:
        result = toolbox.call(call["name"], call["args"]) if call["name"] == _TOOL else _refusal(call)
        if len(results) < _MOST_NAMES:
            results.append(result)
        told.append(ToolMessage(f"{result.status}: {plain(result.message)}", tool_call_id=call["id"] or ""))
    broken = [
        ToolMessage("failed: the arguments are no JSON object", tool_call_id=call["id"] or "")
        for call in answer.invalid_tool_calls
    ]
    return [*told, *broken]


def _asks(said: str) -> bool:
    return said.strip().startswith("ASK:")


def _refusal(call: Any) -> ToolResult:
    return ToolResult(status="failed", message=f"Only {_TOOL} can be called here, not {call['name']}.")


def _understood(text: str, results: list[ToolResult], said: str, named: list[NameInText]) -> Understanding:
    """Put together what the model looked up; a combination or salt in the question is never split by it."""
    matches = [Match.model_validate(result.data["match"]) for result in results if "match" in result.data]
    found = list({match.entity.id: match for match in matches if match.entity is not None}.values())
    diseases = [match for match in found if match.entity is not None and match.entity.kind == "Disease"]
    drugs = [match for match in found if match.entity is not None and match.entity.kind == "Compound"]
    unclear = [match for match in matches if match.match == "ambiguous"] if not (diseases and drugs) else []
    unknown = unknown_names(named)
    parts = {part.id for match in unknown for part in match.alternatives}
    drugs = [match for match in drugs if match.entity is None or match.entity.id not in parts]
    made = understood_from(text, [*diseases, *unclear], drugs, unknown=unknown)
    made = made.model_copy(update={"left_out": left_out(text, [*named, *_where(text, found)])})
    if not unknown and _asks(said) and not (diseases and drugs):
        return made.model_copy(update={"ask_back": plain(said.strip().removeprefix("ASK:"), 300)})
    return made


def _where(text: str, found: list[Match]) -> list[NameInText]:
    """Where what the model looked up stands in the question."""
    places = [(text.lower().find(match.query.lower()), match) for match in found]
    return [NameInText(at, at + len(match.query), "", match) for at, match in places if at >= 0]
