"""The agent: one question in, one trace out."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedrec.agents.models.openai_api.paid_model import PaidModel
from kedrec.agents.prompting.templates import load_prompts
from kedrec.agents.resources import Resources
from kedrec.agents.traces.provenance import versions
from kedrec.agents.workflow.calls import CallElsewhere, Calls, LiveCalls
from kedrec.agents.workflow.context import RunContext
from kedrec.agents.workflow.events import Listener
from kedrec.agents.workflow.question_run import Query, asked_of, open_context, outcome
from kedrec.agents.workflow.turn_taking import LoopSlot
from kedrec.config import Settings
from kedrec.graphdb.store import HiddenPairs
from kedrec.records import Recommendation, Trace
from kedrec.redaction import Redactor

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from kedrec.agents.models.openai_api.answer_cache import AnswerCache
    from kedrec.agents.models.openai_api.run_budget import RunBudget
    from kedrec.agents.traces.store import TraceStore
    from kedrec.tools.toolbox import Toolbox

__all__ = ["Agent", "PaidModel", "Query", "new_trace_id"]

THREADS = 4
"""Tools that run side by side."""


class Agent:
    """Answers questions with one model over one home.

    Open it once and ask it often, also with many `arun` in flight on one event loop; stores open when first needed.

    Args:
        settings: limits, model and home.
        resources: the graph, the literature and the weigher.
        model: the chat model.
        traces: where traces go; None where they are not kept.

    What is in `finished` is called with each trace when it is whole; `beside`, where set, calls tools elsewhere.
    """

    def __init__(
        self, settings: Settings, resources: Resources, model: BaseChatModel, traces: TraceStore | None
    ) -> None:
        self.settings, self.resources, self.model, self.traces = settings, resources, model, traces
        self.finished: list[Callable[[Trace], None]] = []
        self.beside: Callable[[Query, bool], CallElsewhere] | None = None
        self._redactor = Redactor(settings)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="tool")
        self._runner: asyncio.Runner | None = None

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        model: str | BaseChatModel | None = None,
        hidden: HiddenPairs = frozenset(),
        given: Mapping[str, str] | None = None,
        record: bool = True,
    ) -> Agent:
        """Open an agent.

        Args:
            settings: limits, model and home.
            model: a specification or a chat model; by default that of the settings.
            hidden: pairs whose direct edges are hidden from every tool and from the weigher.
            given: names that came with ids; one whose id the graph lacks is asked about by its name.
            record: whether traces are kept in the home.

        Raises:
            NotReady: where no graph is loaded, or another version of KEDRec derived what literature is weighed with.
            ConfigError: where the model's specification does not fit.
        """
        from kedrec.agents.open_model import open_model
        from kedrec.agents.traces.store import TraceStore

        resources = Resources.open(settings, hidden, given)
        resources.refuse_other_version()
        if model is None or isinstance(model, str):
            settings = settings.model_copy(update={"model": model or settings.model})
            chat = open_model(settings.model, settings)
        else:
            settings = settings.model_copy(update={"model": getattr(model, "name", None) or model._llm_type})
            chat = model
        return cls(settings, resources, chat, TraceStore(settings.home / "traces") if record else None)

    def hiding(self, hidden: HiddenPairs) -> Agent:
        """The same agent with the direct edges of these pairs hidden, for questions on the same event loop."""
        other = Agent(self.settings, self.resources.hiding(hidden), self.model, self.traces)
        other._threads.shutdown(wait=False)
        other._threads, other.finished = self._threads, self.finished
        return other

    def with_model(self, spec: str) -> Agent:
        """Another model over the same stores and traces.

        Args:
            spec: specification of the model.

        Raises:
            ConfigError: where it does not fit.
        """
        from kedrec.agents.open_model import open_model

        settings = self.settings.model_copy(update={"model": spec})
        return Agent(settings, self.resources, open_model(spec, settings), self.traces)

    def run(self, query: Query, on_event: Listener | None = None) -> Trace:
        """Answer a question; see `arun`. Where an event loop runs already, the work is done in a thread of its own."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._runner = self._runner or asyncio.Runner()
            made: list[Trace] = []

            async def answered() -> None:  # a runner writes out in full what its task returns
                made.append(await self.arun(query, on_event))

            self._runner.run(answered())
            return made[0]
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(self.arun(query, on_event))).result()

    async def arun(
        self,
        query: Query,
        on_event: Listener | None = None,
        trace_id: str | None = None,
        slot: LoopSlot | None = None,
    ) -> Trace:
        """Answer a question.

        Args:
            query: the question.
            on_event: gets events while it goes on.
            trace_id: id of the trace; a new one where not given.
            slot: those of this question, where it shares the event loop with many.

        Returns:
            The whole run. What a model, a tool or a name did wrong is in it; nothing of that is raised.
        """
        toolbox = self.resources.toolbox(query.setting, weigh=self.reads_weighing, about=query.disease)
        beside = self.beside(query, self.reads_weighing) if self.beside is not None else None
        calls = self.live_calls(toolbox, on_event, slot, beside)
        return await self.follow(query, calls, toolbox.names, trace_id=trace_id, on_event=on_event, slot=slot)

    def live_calls(
        self,
        toolbox: Toolbox,
        on_event: Listener | None = None,
        slot: LoopSlot | None = None,
        beside: CallElsewhere | None = None,
    ) -> LiveCalls:
        """Calls of these tools and of the model."""
        return LiveCalls(
            toolbox, self.model, self.settings, redactor=self._redactor, threads=self._threads, listener=on_event,
            slot=slot, beside=beside,
        )  # fmt: skip

    async def follow(
        self,
        query: Query,
        calls: Calls,
        tools: tuple[str, ...],
        *,
        trace_id: str | None = None,
        on_event: Listener | None = None,
        more_config: dict[str, Any] | None = None,
        slot: LoopSlot | None = None,
    ) -> Trace:
        """Take a question through the graph with these calls, and keep the trace.

        Args:
            query: the question.
            calls: live, or recorded in part.
            tools: names of the tools that the model may call itself.
            trace_id: id of the trace; a new one where not given.
            on_event: gets events while it goes on.
            more_config: what the trace's config holds besides the settings.
            slot: as for `arun`; waited for when the question counts as in flight already.
        """
        started, trace_id = time.perf_counter(), trace_id or new_trace_id()
        context = open_context(self.settings, calls, tools, trace_id, on_event)
        asked = self._redactor.plain(asked_of(query.model_dump(mode="json")))
        async with self.connected(), slot or nullcontext():
            ended = await outcome(asked, query.setting, context)
        return self.keep(query, context, ended, seconds=time.perf_counter() - started, more_config=more_config)

    def keep(
        self,
        query: Query,
        context: RunContext,
        ended: tuple[Recommendation | None, Mapping[str, Any] | None],
        *,
        seconds: float,
        more_config: Mapping[str, Any] | None = None,
    ) -> Trace:
        """Make the trace of a question that was taken through the graph, and keep it.

        Args:
            query: the question.
            context: what the nodes shared; has the calls, the limits, the tools and the id.
            ended: a recommendation, or what kept the run from one.
            seconds: how long it took.
            more_config: what the trace's config holds besides the settings.
        """
        recommendation, error = ended
        trace = Trace(
            id=context.trace_id or new_trace_id(),
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            question=self._redactor.plain(query.model_dump(mode="json", exclude_none=True)),
            config={**self._config, "tools": list(context.tools), **(more_config or {})},
            prompts=load_prompts().sha256,
            versions=versions(),
            data=self.resources.fingerprints(query.setting),
            calls=tuple(context.calls.record),
            recommendation=recommendation,
            error=self._redactor.plain(error) if error else None,
            usage=context.limits.usage,
            seconds=round(seconds, 6),
        )
        if self.traces is not None:
            self.traces.append(trace)
        for hear in self.finished:
            hear(trace)
        return trace

    @property
    def reads_weighing(self) -> bool:
        """Whether `weigh_evidence` is offered: to `offline` and what stands in for it; others weigh by themselves."""
        return self.model._llm_type == "offline" or bool(getattr(self.model, "reads_weighing", False))

    @property
    def costs(self) -> bool:
        """Whether the model's calls are paid for."""
        return isinstance(self.model, PaidModel)

    @asynccontextmanager
    async def connected(self, run_budget: RunBudget | None = None) -> AsyncIterator[None]:
        """Let all questions asked meanwhile on this event loop share connections, pace and budget."""
        async with self.model.connected(run_budget) if isinstance(self.model, PaidModel) else nullcontext():
            yield

    def keep_answers(self, path: Path) -> None:
        """Keep the answers of a model that is paid for in a file, where they are not kept in the home."""
        if isinstance(self.model, PaidModel):
            self.model.keep_answers(path)

    @property
    def answers(self) -> AnswerCache | None:
        """Where the answers of a model that is paid for are kept; None where they are not."""
        return self.model.answers if isinstance(self.model, PaidModel) else None

    def use_answers(self, answers: AnswerCache) -> None:
        """Keep the answers of a model that is paid for there, and nowhere else."""
        if isinstance(self.model, PaidModel):
            self.model.use_answers(answers)

    def close(self) -> None:
        """Give back threads and the event loop."""
        self._threads.shutdown(wait=False)
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @cached_property
    def _config(self) -> dict[str, Any]:
        plain: dict[str, Any] = self.settings.model_dump(mode="json", exclude=set(self.settings.secrets()))
        clean: dict[str, Any] = self._redactor.plain(plain)
        return clean


def new_trace_id() -> str:
    """An id that sorts by time: `20261123T053502123-3fa9c1`."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(3)}"
