"""Understanding a question with a language model, which looks its names up and tells what is wanted by tool calls."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kedrec.agents.chat.combining import names_in, unknown_names
from kedrec.agents.chat.entity_finder import NameInText
from kedrec.agents.chat.intents.reading import read
from kedrec.agents.chat.intents.wanted import ABOUT_ONE, Wanted
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

__all__ = ["TELLS", "understand_by_model", "understand_question"]

_TOOL = "resolve_entity"
TELLS = "tell_intent"
"""Name of the tool by which a model tells what is wanted; its arguments are the fields of `Wanted`."""
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
    from langchain_core.messages import HumanMessage, SystemMessage

    rules = (files("kedrec.agents") / "prompts" / "understand.md").read_text("utf-8")
    messages, heard = [SystemMessage(rules), HumanMessage(f"Question: {plain(text, 2000)}")], _Heard()
    asking = model.bind_tools([schemas()[_TOOL], _schema()])
    answer = asking.invoke(messages)
    for _ in range(_TURNS):
        if not answer.tool_calls and not answer.invalid_tool_calls:
            break
        messages += [answer, *_looked_up(answer, toolbox, heard)]
        answer = asking.invoke(messages)
    if not heard.results and not heard.wanted and not _asks(str(answer.text)):
        return understand(text, store)
    return _understood(text, heard, str(answer.text), names_in(text, store))


class _Heard:
    """What the model looked up, and how it read the question."""

    def __init__(self) -> None:
        self.results: list[ToolResult] = []
        self.wanted: Wanted | None = None

    def tell(self, arguments: dict[str, Any]) -> ToolResult:
        """Take in what the question wants."""
        try:
            self.wanted = Wanted.model_validate(arguments)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            return ToolResult(status="failed", message=f"Wrong arguments for {TELLS}: {place}: {first['msg']}.")
        return ToolResult(status="found", message=f"Understood: {self.wanted.intent}.")


@cache
def _schema() -> dict[str, Any]:
    """The tool's schema in OpenAI's form: the record that the rules of `offline` make, too."""
    from langchain_core.utils.function_calling import convert_to_openai_tool

    made = convert_to_openai_tool(Wanted)
    return {**made, "function": {**made["function"], "name": TELLS}}


def _looked_up(answer: AIMessage, toolbox: Toolbox, heard: _Heard) -> list[BaseMessage]:
    """Make the calls that the model asked for; the results are kept and returned to it."""
    from langchain_core.messages import ToolMessage

    told: list[BaseMessage] = []
    for call in answer.tool_calls:
        result = _called(call, toolbox, heard)
        told.append(ToolMessage(f"{result.status}: {plain(result.message)}", tool_call_id=call["id"] or ""))
    broken = [
        ToolMessage("failed: the arguments are no JSON object", tool_call_id=call["id"] or "")
        for call in answer.invalid_tool_calls
    ]
    return [*told, *broken]


def _called(call: Any, toolbox: Toolbox, heard: _Heard) -> ToolResult:
    if call["name"] == TELLS:
        return heard.tell(call["args"])
    result = (
        toolbox.call(call["name"], call["args"])
        if call["name"] == _TOOL
        else ToolResult(status="failed", message=f"Only {_TOOL} and {TELLS} can be called here, not {call['name']}.")
    )
    if len(heard.results) < _MOST_NAMES:
        heard.results.append(result)
    return result


def _asks(said: str) -> bool:
    return said.strip().startswith("ASK:")


def _understood(text: str, heard: _Heard, said: str, named: list[NameInText]) -> Understanding:
    """Put together what the model looked up; a combination or salt in the question is never split by it."""
    matches = [Match.model_validate(result.data["match"]) for result in heard.results if "match" in result.data]
    found = list({match.entity.id: match for match in matches if match.entity is not None}.values())
    diseases = [match for match in found if match.entity is not None and match.entity.kind == "Disease"]
    drugs = [match for match in found if match.entity is not None and match.entity.kind == "Compound"]
    unclear = [match for match in matches if match.match == "ambiguous"] if not (diseases and drugs) else []
    unknown = unknown_names(named)
    parts = {part.id for match in unknown for part in match.alternatives}
    drugs = [match for match in drugs if match.entity is None or match.entity.id not in parts]
    # What the model told, save that one named drug is made no contest where the rules read none.
    if heard.wanted is None or heard.wanted.intent != "choose" or len(drugs) != 1:
        wanted = heard.wanted
    else:
        ruled = read(text, [(one.start, one.end, one.kind) for one in named])
        wanted = ruled if ruled.intent in ABOUT_ONE else heard.wanted
    made = understood_from(text, [*diseases, *unclear], drugs, unknown=unknown, wanted=wanted)
    # Where what the model looked up stands in the question.
    places = [(text.lower().find(match.query.lower()), match) for match in found]
    where = [NameInText(at, at + len(match.query), "", match) for at, match in places if at >= 0]
    made = made.model_copy(update={"left_out": left_out(text, [*named, *where])})
    if not unknown and _asks(said) and not (diseases and drugs):
        return made.model_copy(update={"ask_back": plain(said.strip().removeprefix("ASK:"), 300)})
    return made
