"""What the server does, whoever asks: each method takes a request and returns a record, or raises why not."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import kedrec
from kedrec.agents.agent import Agent, Query
from kedrec.agents.answer_html.citations import source_address
from kedrec.agents.chat.conversation import Conversation
from kedrec.agents.recommend import ERRORS, Ranking, rank_drugs
from kedrec.agents.traces.store import TraceSummary
from kedrec.agents.workflow.events import Listener
from kedrec.agents.workflow.graph import compiled
from kedrec.errors import NotReady, ToolError, error_named
from kedrec.gc_pause import settled
from kedrec.records import Entity, Match, Recommendation, ToolResult, Trace, Usage
from kedrec.serve import requests, results
from kedrec.serve.access.budgets import Budgets
from kedrec.serve.access.keys import ASKER
from kedrec.serve.kept_conversations import FORGOTTEN, KeptConversations
from kedrec.serve.kept_runs import KeptRuns
from kedrec.serve.kept_traces import KeptTraces
from kedrec.serve.operation.spans import SpanSender
from kedrec.serve.tool_processes import ToolProcesses
from kedrec.serve.work_loop import Limits, WorkLoop
from kedrec.tools.text.graph_sentences import path_sentence

__all__ = ["MODEL", "Service"]

MODEL = "kedrec"
"""Name under which the agent answers where several do."""
MOST_USAGES = 1000
"""Questions whose usage is known without reading their traces."""


class Service:
    """Answers over one agent.

    Args:
        agent: has the stores and the model.
        limits: how much work is taken on.
        runs: folder of the runs over many pairs that are shown; `runs` in the home by default.
        also: more agents over the same stores, by the name under which chat programs ask them.
    """

    def __init__(
        self,
        agent: Agent,
        limits: Limits | None = None,
        also: Mapping[str, Agent] | None = None,
        runs: Path | None = None,
    ) -> None:
        self.agent, self.settings = agent, agent.settings
        self.agents: Mapping[str, Agent] = {MODEL: agent, **(also or {})}
        if agent.traces is None:
            raise ValueError("The agent of a server keeps its traces, if only for as long as the server runs.")
        self.traces = KeptTraces(agent.settings, agent.traces)
        self.runs = KeptRuns(agent.settings.home, runs or agent.settings.home / "runs")
        self.budgets = Budgets()
        self.finished: list[Callable[[str, Trace], None]] = [self._spend]
        for one in self.agents.values():
            one.finished.append(self._tell)
        self.work = WorkLoop(limits or Limits())
        self._spans: SpanSender | None = None
        self._tools: ToolProcesses | None = None
        self._about: tuple[str, results.About] | None = None
        self.conversations = KeptConversations()
        self._usages: OrderedDict[str, Usage] = OrderedDict()

    def warm(self) -> None:
        """Open what the first question would have to wait for; what is damaged is reported now."""
        self.agent.resources.toolbox(self.settings.setting, weigh=self.agent.reads_weighing)
        if self.agent.reads_weighing:
            self.agent.resources.weigher()
        compiled()
        if self._tools is not None:
            self._tools.warm(self.agent.reads_weighing)
        settled()

    def about(self) -> results.About:
        """What is served; counted anew only where literature was added."""
        literature = self.agent.resources.literature()
        held = literature.content_sha256
        if self._about is None or self._about[0] != held:
            self._about = held, self._counted(literature.info().documents)
        return self._about[1]

    def _counted(self, documents: Mapping[Any, int]) -> results.About:
        stats = self.agent.resources.store.stats()
        return results.About(
            version=kedrec.__version__,
            model=self.settings.model,
            setting=self.settings.setting,
            entities=stats.entities,
            triples=stats.triples,
            graph_sha256=stats.source_sha256,
            documents={str(corpus): count for corpus, count in documents.items()},
            records=self.traces.in_home,
        )

    def resolve(self, asked: requests.Resolve) -> Match:
        """What a name means; an unknown or ambiguous one comes with what it may have meant."""
        found = self._tool("resolve_entity", asked.model_dump())
        if "match" not in found.data:
            raise ToolError(found.message)
        return Match.model_validate(found.data["match"])

    def graph_evidence(self, asked: requests.PairLookup) -> ToolResult:
        """What the graph says of a drug and a disease.

        Raises:
            UnknownEntity: for a name that the graph does not have.
            AmbiguousName: for one that several entities share.
        """
        return self._found("graph_evidence", asked.model_dump())

    def paths(self, asked: requests.FindPaths) -> results.Paths:
        """The best paths between two entities.

        Raises:
            UnknownEntity: for a name that the graph does not have.
            AmbiguousName: for one that several entities share.
        """
        store = self.agent.resources.store
        first, last = self._entity(asked.first), self._entity(asked.last)
        found = store.paths(
            first.id, last.id, max_hops=asked.max_hops, limit=asked.limit, hub_limit=self.settings.hub_limit
        )
        named = (
            results.NamedPath(text=path_sentence(path.edges, self.name_of), edges=path.edges, score=path.score)
            for path in found
        )
        return results.Paths(first=first, last=last, paths=tuple(named))

    def search(self, asked: requests.FindPassages) -> Any:
        """Passages of the literature for a query."""
        return self.agent.resources.literature().search(asked.query, asked.corpus, asked.limit)

    def read(self, asked: requests.Read) -> results.ReadPassages:
        """A document, or one passage.

        Raises:
            NotReady: where the literature has none of that id.
        """
        document = asked.id.partition("#")[0]
        whole = self.agent.resources.literature().passages(document)
        found = whole if asked.id == document else [passage for passage in whole if passage.id == asked.id]
        if not found:
            raise NotReady(f"The literature has nothing with the id {asked.id!r}. Search for passages to find ids.")
        return results.ReadPassages(document_id=document, address=source_address(document), passages=tuple(found))

    async def compare(self, asked: requests.Compare, listener: Listener | None = None) -> Recommendation:
        """A choice between drugs.

        Raises:
            KedrecError: what kept the agent from one.
        """
        self.budgets.check(ASKER.get())
        query = Query(
            disease=asked.disease, candidates=asked.candidates, setting=asked.setting or self.settings.setting
        )
        agent = await asyncio.to_thread(self._without_direct, asked) if asked.hide_direct else self.agent
        trace = await self.work.do(lambda: agent.arun(query, listener))
        if trace.recommendation is None:
            raise error_named(trace.failure["type"], trace.failure["message"])
        return trace.recommendation

    async def recommend(self, asked: requests.Recommend) -> Ranking:
        """The drugs of the graph for a disease, ranked.

        Raises:
            UnknownEntity: where the graph has no such disease.
            AmbiguousName: where several diseases have that name.
        """
        setting = asked.setting or self.settings.setting
        resources = self.agent.resources
        return await self.work.do(lambda: asyncio.to_thread(rank_drugs, resources, asked.disease, setting, asked.top))

    async def ask(self, asked: requests.Ask, listener: Listener | None = None, model: str = MODEL) -> results.Answered:
        """An answer in plain words, a side of the last answer, or a question back.

        Args:
            asked: the message.
            listener: gets what happens meanwhile.
            model: name of the agent that answers.

        Raises:
            KedrecError: what kept the agent from an answer.
        """
        self.budgets.check(ASKER.get())
        name = asked.conversation or secrets.token_urlsafe(16)
        topic = self.conversations.topic(name)
        talk = Conversation(self.agent_named(model), asked.setting or self.settings.setting, topic)
        reply = await self.work.do(lambda: talk.areply(asked.text, listener))
        if asked.conversation and topic is None:
            reply = reply.model_copy(update={"notes": (FORGOTTEN, *reply.notes)})
        self.conversations.keep(name, talk.topic)
        unclear = talk.topic.unclear if reply.kind == "question" else ()
        options = tuple(option for match in unclear for option in match.alternatives)
        return results.Answered(conversation=name, reply=reply, options=options)

    def agent_named(self, name: str) -> Agent:
        """The agent of a name.

        Raises:
            NotReady: no model of this server has that name.
        """
        if name not in self.agents:
            raise NotReady(f"There is no model {name!r} here. There is: {', '.join(self.agents)}.")
        return self.agents[name]

    def list_traces(self, text: str = "", limit: int = 50) -> list[TraceSummary]:
        """Recorded runs that hold all words of a text, the latest first."""
        return self.traces.list(text, limit)

    def trace(self, asked: requests.WhichTrace) -> Trace:
        """A recorded run.

        Raises:
            NotReady: if there is none.
        """
        return self.traces.get(asked.id)

    def send_spans(self, address: str) -> None:
        """Send each run to an OpenTelemetry collector, from now on."""
        self._spans = SpanSender(address, self.settings)
        self.finished.append(self._spans.hear)

    def call_tools_beside(self, processes: int) -> None:
        """Have processes beside this one call the tools of questions, from now on."""
        self._tools = ToolProcesses(self.settings, processes)
        for agent in self.agents.values():
            agent.beside = self._tools.for_question

    def close(self) -> None:
        """Stop all work, send what waits to be sent and give back threads and processes."""
        self.work.close()
        if self._tools is not None:
            self._tools.close()
        if self._spans is not None:
            self._spans.close()
        for agent in self.agents.values():
            agent.close()

    def _tell(self, trace: Trace) -> None:
        """Report a finished question; runs where the work was done, so the asker is known."""
        for hear in self.finished:
            hear(ASKER.get(), trace)

    def usage_of(self, trace_id: str) -> Usage:
        """What a question took; from its trace where it is not among the latest.

        Raises:
            NotReady: if there is no such trace.
        """
        return self._usages.get(trace_id) or self.trace(requests.WhichTrace(id=trace_id)).usage

    def _spend(self, asker: str, trace: Trace) -> None:
        self.budgets.spend(asker, trace.usage.cost)
        self._usages[trace.id] = trace.usage
        while len(self._usages) > MOST_USAGES:
            self._usages.popitem(last=False)

    def _tool(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        return self.agent.resources.toolbox(self.settings.setting).call(name, arguments)

    def _found(self, name: str, arguments: dict[str, Any]) -> ToolResult:
        """What a tool found; a name that means nothing is an error here."""
        result = self._tool(name, arguments)
        if result.status in ("found", "nothing_found"):
            return result
        raise ERRORS.get(result.status, ToolError)(result.message)

    def _without_direct(self, asked: requests.Compare) -> Agent:
        """The agent as if no direct edge were known between the disease and the drugs that are asked about."""
        ill = self._entity(asked.disease, "disease").id
        return self.agent.hiding(
            frozenset(frozenset((self._entity(drug, "drug").id, ill)) for drug in asked.candidates)
        )

    def _entity(self, name: str, kind: str = "any") -> Entity:
        found = self._found("resolve_entity", {"name": name, "kind": kind})
        return Entity.model_validate(found.data["match"]["entity"])

    def name_of(self, entity_id: str) -> str:
        """Name of an entity of the graph; the id where it has none."""
        entity = self.agent.resources.store.get(entity_id)
        return entity.name if entity else entity_id
