"""What `langgraph.json` names: a graph for each execution, over the home of the settings."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langgraph_sdk.runtime import ServerRuntime

from kedrec.agents.agent import Agent
from kedrec.config import load
from kedrec.serve.studio.graph import Execution, studio_graph
from kedrec.serve.studio.state import Asks

__all__ = ["make_graph"]

_AGENTS: dict[str, Agent] = {}
_LOCK = threading.Lock()


@asynccontextmanager
async def make_graph(runtime: ServerRuntime[Asks]) -> AsyncIterator[Any]:
    """The graph; stores are opened only where it is going to run, and once for each model."""
    running = runtime.execution_runtime
    if running is None:
        yield studio_graph(None).compile()
        return
    asks = Asks.model_validate(running.context or {}, from_attributes=True)
    agent = await asyncio.to_thread(_agent, asks.model)
    yield studio_graph(Execution.begin(agent, asks)).compile()


def _agent(model: str | None) -> Agent:
    settings = load({"model": model}).settings
    with _LOCK:
        if settings.model not in _AGENTS:
            _AGENTS[settings.model] = Agent.open(settings)
        return _AGENTS[settings.model]
