"""The tools that the agent may call, gathered: which exist in a setting, their schemas, and calls that never raise."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, get_type_hints

from pydantic import TypeAdapter, ValidationError

from kedrec.errors import AmbiguousName, InputError, SourceUnavailable, UnknownEntity
from kedrec.graphdb.store import GraphStore, HiddenPairs
from kedrec.os_error_causes import cause_of
from kedrec.records import CandidateScore, Corpora, Entity, Finding, ToolResult, ToolStatus
from kedrec.tools.cypher_tool import CypherTool, Reads
from kedrec.tools.graph_tools import GraphTools
from kedrec.tools.literature_tools import LiteratureTools, mentions, record_finding

if TYPE_CHECKING:
    from kedrec.tools.literature import Literature
    from kedrec.tools.live import OnDemand

__all__ = ["LITERATURE_TOOLS", "Toolbox", "Weighs", "schemas", "tools_in"]

GRAPH_TOOLS = ("resolve_entity", "graph_evidence", "neighbours")
"""Tools that ask the graph and nothing else."""
LITERATURE_TOOLS: dict[Corpora, tuple[str, ...]] = {
    "none": (),
    "trials": ("search_trials",),
    "articles": ("search_articles",),
    "both": ("search_articles", "search_trials"),
}
"""Setting -> the literature tools that exist in it."""

RETRYABLE = (TimeoutError, ConnectionError, InterruptedError, BlockingIOError, SourceUnavailable)
"""Failures of a tool that may not happen again."""
MISTAKES = (InputError, UnknownEntity, AmbiguousName)
"""Failures that lie with what was asked."""


class Weighs(Protocol):
    """What weighs the evidence by rule."""

    def weigh(self, disease: Entity, candidates: Sequence[Entity], setting: Corpora, hidden: HiddenPairs) -> Any:
        """Candidates with their scores and factors, and notes."""
        ...


class Toolbox:
    """The tools for one question.

    Args:
        store: the graph.
        literature: the literature; None where none was loaded.
        weigher: weighs by rule; None where `weigh_evidence` is not offered.
        setting: decides which literature tools exist.
        hidden: pairs whose direct edges no tool may show or use.
        passages: passages in one answer of a literature tool.
        hub_limit: entities with more neighbours are not walked through.
        reader: reads the graph by Cypher of the model's own; None where it may not. Never offered where pairs are
            hidden: a query could read their edges.
        live: asks PubMed and ClinicalTrials.gov where the literature has too little on a pair; None where it may not.
        given: names that came with ids; one whose id the graph lacks is asked about by its name.
    """

    graph_tools: type[GraphTools] = GraphTools
    """What asks the graph."""
    literature_tools: type[LiteratureTools] = LiteratureTools
    """What searches the literature."""

    def __init__(
        self,
        store: GraphStore,
        literature: Literature | None,
        weigher: Weighs | None,
        setting: Corpora,
        hidden: HiddenPairs = frozenset(),
        *,
        passages: int = 4,
        hub_limit: int = 500,
        reader: Reads | None = None,
        live: OnDemand | None = None,
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store.hiding(hidden) if hidden else store
        self._literature, self._weigher = literature, weigher
        self._setting, self._hidden = setting, hidden
        self.graph = self.graph_tools(self._store, hub_limit, given)
        self.papers = self.literature_tools(literature, self.graph, passages, live)
        self._cypher = CypherTool(reader, self.graph) if reader is not None and not hidden else None
        self.names = tools_in(setting, weigh=weigher is not None, cypher=self._cypher is not None)

    def call(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Call a tool; whatever goes wrong becomes a result of status `failed`.

        Args:
            name: name of the tool.
            arguments: its arguments, as the model gave them.

        Returns:
            The result; on a failure `data["retryable"]` says whether the same call may succeed later, and
            `data["broken"]` that the tool itself failed, whatever it was asked.
        """
        if name not in self.names:
            return ToolResult.failure(
                f"There is no tool {name!r} here. Tools: {', '.join(self.names)}.", retryable=False
            )
        tool = self._tool(name)
        if misfit := _misfit(tool, arguments):
            return ToolResult.failure(f"Wrong arguments for {name}: {misfit}.", retryable=False)
        try:
            result: ToolResult = tool(**arguments)
            return result
        except RETRYABLE as error:
            return _broken(f"{name} failed: {_named(error)}. It may work when tried again.", retryable=True)
        except MISTAKES as error:
            return ToolResult.failure(f"{name} failed: {_named(error)}.", retryable=False)
        except Exception as error:  # noqa: BLE001 - whatever a store raises is a failed call that the run survives
            return _broken(f"{name} failed: {_named(error)}.", retryable=False)

    def is_quick(self, name: str) -> bool:
        """Whether a tool answers sooner than a thread of its own would begin."""
        return name in GRAPH_TOOLS and not self._store.is_remote

    def weigh_evidence(self, disease: str, candidates: list[str]) -> ToolResult:
        """Weigh all evidence for the candidates by rule and give each a score and a probability.

        Args:
            disease: Name or id of the disease.
            candidates: Names or ids of the drugs.
        """
        ill = self.graph.entity(disease, "disease")
        drugs = [self.graph.entity(candidate, "drug") for candidate in candidates]
        for found in (ill, *drugs):
            if isinstance(found, ToolResult):
                return found
        entities = [found for found in (ill, *drugs) if isinstance(found, Entity)]
        return self._weigh(entities[0], entities[1:])

    def sources(self, score: CandidateScore, disease: Entity, drug: Entity) -> dict[str, Finding]:
        """The sources of a candidate's factors as findings: source -> finding."""
        findings: dict[str, Finding] = {}
        self._collect(findings, score, disease, drug)
        return findings

    def _tool(self, name: str) -> Any:
        if name == "weigh_evidence":
            return self.weigh_evidence
        if name == "run_cypher" and self._cypher is not None:
            return self._cypher.run_cypher
        return getattr(self.papers if name.startswith("search_") else self.graph, name)

    def _weigh(self, disease: Entity, drugs: Sequence[Entity]) -> ToolResult:
        if self._weigher is None:
            return ToolResult.failure("Nothing that weighs evidence is here.", retryable=False)
        weighing = self._weigher.weigh(disease, drugs, self._setting, self._hidden)
        findings: dict[str, Finding] = {}
        by_id = {drug.id: drug for drug in drugs}
        for score, drug in zip(weighing.candidates, [by_id[score.id] for score in weighing.candidates], strict=True):
            self._collect(findings, score, disease, drug)
        scores = [score.model_dump(mode="json") for score in weighing.candidates]
        roles = [role.model_dump(mode="json") for role in getattr(weighing, "roles", ())]
        data = {"candidates": scores, "notes": list(weighing.notes), "roles": roles}
        status: ToolStatus = "found" if any(score.factors for score in weighing.candidates) else "nothing_found"
        text = f"Weighed {len(drugs)} candidate(s) for {disease.name} on {len(findings)} source(s)."
        return ToolResult(status=status, message=text, findings=tuple(findings.values()), data=data)

    def _collect(self, findings: dict[str, Finding], score: CandidateScore, disease: Entity, drug: Entity) -> None:
        """Add every source of a candidate's factors; one that several candidates share is about all of them."""
        for source in dict.fromkeys(source for factor in score.factors for source in factor.sources):
            before = findings.get(source)
            found = before or self.graph.edges_of(source) or self._document(source, disease, drug)
            if found is not None:
                about = tuple(dict.fromkeys([*found.about, drug.id, disease.id]))
                findings[source] = found if about == found.about else found.model_copy(update={"about": about})

    def _document(self, source: str, disease: Entity, drug: Entity) -> Finding | None:
        if self._literature is None:
            return None
        passages = self._literature.passages(source)
        if not passages:
            return None
        entities = (drug, disease)
        best = max(
            passages,
            key=lambda passage: sum(mentions(f"{passage.title}\n{passage.text}", entity) for entity in entities),
        )
        return record_finding(self._literature, best, entities)


def tools_in(setting: Corpora, *, weigh: bool = False, cypher: bool = False) -> tuple[str, ...]:
    """Names of the tools that exist in a setting."""
    own = ("run_cypher",) if cypher else ()
    weighing = ("weigh_evidence",) if weigh else ()
    return (*GRAPH_TOOLS, *own, *LITERATURE_TOOLS[setting], *weighing)


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Every tool's schema in OpenAI's form, made from its signature and docstring."""
    from langchain_core.utils.function_calling import convert_to_openai_tool

    functions: list[Callable[..., Any]] = [
        GraphTools.resolve_entity, GraphTools.graph_evidence, GraphTools.neighbours, CypherTool.run_cypher,
        LiteratureTools.search_articles, LiteratureTools.search_trials, Toolbox.weigh_evidence,
    ]  # fmt: skip
    bound = [getattr(object.__new__(_owner(function)), function.__name__) for function in functions]
    return {function.__name__: convert_to_openai_tool(function) for function in bound}


@cache
def _signature(method: Callable[..., Any]) -> inspect.Signature:
    """The signature of a method; looking it up takes as long as many a tool."""
    return inspect.signature(method)


def _owner(function: Callable[..., Any]) -> type:
    owners: dict[str, type] = {owner.__name__: owner for owner in (GraphTools, CypherTool, LiteratureTools, Toolbox)}
    return owners[function.__qualname__.partition(".")[0]]


@cache
def _fitting(method: Callable[..., Any]) -> dict[str, TypeAdapter[Any]]:
    """What checks each argument of a tool."""
    hints = get_type_hints(method)
    return {name: TypeAdapter(hint) for name, hint in hints.items() if name != "return"}


def _misfit(tool: Any, arguments: dict[str, Any]) -> str | None:
    """Say which arguments are missing, too many or not of the kind that the tool takes; None where all fit."""
    method = tool.__func__
    try:
        _signature(method).bind(tool.__self__, **arguments)
    except TypeError as error:
        return str(error)
    for name, value in arguments.items():
        try:
            _fitting(method)[name].validate_python(value, strict=True)
        except ValidationError as error:
            return f"{name}: {error.errors()[0]['msg']}"
    return None


def _named(error: Exception) -> str:
    cause = cause_of(error)
    told = f"{type(error).__name__}: {error}".rstrip(". ")
    return f"{told} ({cause})" if cause else told


def _broken(message: str, *, retryable: bool) -> ToolResult:
    return ToolResult(status="failed", message=message, data={"retryable": retryable, "broken": True})
