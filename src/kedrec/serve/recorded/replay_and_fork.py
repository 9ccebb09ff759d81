"""A recorded question once more: replayed, forked, or beside another one."""

from __future__ import annotations

import asyncio

from kedrec.agents.agent import Agent
from kedrec.agents.replay.diff import TraceDiff, compare_traces
from kedrec.agents.replay.fork import fork_point, forking_agent, go_on
from kedrec.agents.replay.replay import ReplayReport, areplay
from kedrec.agents.traces.locate import find_store
from kedrec.agents.workflow.events import Listener
from kedrec.distill.runs.trace_run import hidden_from
from kedrec.errors import UserError, error_named
from kedrec.records import Recommendation, Trace
from kedrec.serve.access.keys import ASKER
from kedrec.serve.requests import WhichTrace
from kedrec.serve.service import Service

__all__ = ["compared", "forked", "models_to_fork_to", "replayed"]


async def replayed(service: Service, trace_id: str) -> ReplayReport:
    """Run the graph again on what a trace holds, calling nothing.

    Raises:
        NotReady: there is no such trace.
    """
    trace = service.trace(WhichTrace(id=trace_id))
    return await service.work.do(lambda: areplay(trace))


def compared(service: Service, a: str, b: str) -> TraceDiff:
    """What changed from one trace to another.

    Raises:
        NotReady: one of them is not there.
    """
    return compare_traces(service.trace(WhichTrace(id=a)), service.trace(WhichTrace(id=b)))


def models_to_fork_to(service: Service, trace: Trace) -> tuple[str, ...]:
    """Models that may go on with a trace: the server's own, and the one without a language model.

    Nobody can name another: a specification may hold a path or an address.
    """
    fits = trace.config.get("model") != "replay"
    return tuple(dict.fromkeys((service.settings.model, "offline"))) if fits else ()


async def forked(
    service: Service, trace_id: str, step: str, model: str, listener: Listener | None = None
) -> Recommendation:
    """Take a trace's answers up to a step, and go on live from there.

    Args:
        service: has the traces and the settings.
        trace_id: of the recorded question.
        step: a step that makes calls, or the number of a call, from 1.
        model: one of `models_to_fork_to`.
        listener: gets events while it goes on.

    Raises:
        NotReady: there is no such trace.
        UserError: it has no such step, or the model is none that may go on.
        WorkError: code or prompts have changed so that it cannot be forked there.
        BudgetSpent: the key has no budget left.
    """
    service.budgets.check(ASKER.get())
    trace = service.trace(WhichTrace(id=trace_id))
    known = models_to_fork_to(service, trace)
    if model not in known:
        raise UserError(f"No model {model!r} here goes on with a trace; choose {' or '.join(known)}.")
    fork_point(trace, step)
    made = await service.work.do(lambda: _go_on(service, trace, step, model, listener))
    if made.recommendation is None:
        raise error_named(made.failure["type"], made.failure["message"])
    return made.recommendation


async def _go_on(service: Service, trace: Trace, step: str, model: str, listener: Listener | None) -> Trace:
    with await asyncio.to_thread(_agent, service, trace, model) as agent:
        return await go_on(agent, trace, step, listener)


def _agent(service: Service, trace: Trace, model: str) -> Agent:
    held = find_store(service.settings.home / "traces", trace.id)
    agent = forking_agent(trace, service.settings, model, hidden=hidden_from(trace, held))
    agent.traces, agent.finished = service.agent.traces, service.agent.finished
    return agent
