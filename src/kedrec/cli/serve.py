"""`kedrec serve` and `kedrec mcp`: the page and the HTTP API, and tools for MCP clients."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.terminal.console import say, settings
from kedrec.cli.terminal.options import Model, SettingOption
from kedrec.errors import MissingExtra, UserError

if TYPE_CHECKING:
    from kedrec.config import Settings
    from kedrec.serve.service import Service
    from kedrec.serve.work_loop import Limits

__all__ = ["mcp", "models_named", "opened_service", "serve"]


def serve(  # noqa: PLR0917 - options, given by name
    host: Annotated[str, typer.Option(help="Address to listen on; beyond this machine only with a key.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")] = 8765,
    key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Answer only who sends a key in this file.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One more name by which browsers reach the server.")
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, max=256, help="Questions worked on side by side.")] = 4,
    tool_processes: Annotated[
        int, typer.Option(min=0, max=64, help="Processes that call the tools, for many chats; 0: the server itself.")
    ] = 0,
    otlp: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Send each run to this OpenTelemetry collector: http://HOST:4318/v1/traces."),
    ] = None,
    per_minute: Annotated[int, typer.Option(min=1, help="Requests a minute for each key, or address.")] = 1200,
    budget: Annotated[
        float | None, typer.Option(min=0, help="US dollars a day that the questions of each key may cost.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="For one question; then the work on it is stopped.")] = 300.0,
    record: Annotated[
        bool, typer.Option("--record/--no-record", help="Whether answers stay in the home as traces.")
    ] = True,
    setting: SettingOption = None,
    model: Model = None,
    runs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the runs that are shown; `runs` in the home by default."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MODEL", help="One more model for chat programs, such as kedrec-student=local:DIR."),
    ] = None,
) -> None:
    """Type:  kedrec serve

    Serve the page and the HTTP API on this machine. Ask, compare and follow up in a browser; citations lead to their
    evidence, and recorded runs can be searched and read. Nothing of the home can be changed through it. Ctrl-C ends it.
    """
    resolved = settings(setting=setting, model=model)
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "prometheus_client")):
        raise MissingExtra("The server", "web")
    from kedrec.serve.access.budgets import Budgets
    from kedrec.serve.access.keys import read_keys
    from kedrec.serve.access.rates import Rates
    from kedrec.serve.web.server import address_of, check_host, hosts_of, listen, server_of
    from kedrec.serve.work_loop import Limits

    keys = read_keys(key_file) if key_file is not None else None
    check_host(host, keys)
    check_budget(resolved, budget)
    limits = Limits(at_once=at_once, seconds=seconds)
    with (
        listen(host, port) as made,
        opened_service(
            resolved, limits, record=record, also=models_named(also or ()), runs=runs, tool_processes=tool_processes
        ) as service,
    ):
        from kedrec.serve.web.app import application

        service.budgets = Budgets(budget)
        if otlp is not None:
            service.send_spans(otlp)
        guarded = application(service, hosts_of(host, allow_host or ()), keys, Rates(per_minute))
        server = server_of(guarded, service.work.end)
        say(f"KEDRec is at {address_of(made)} (model {resolved.model}, setting {resolved.setting}). Ctrl-C ends it.")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # sent again when the server has ended
        server.run(sockets=[made])


def mcp(
    record: Annotated[
        bool, typer.Option("--record/--no-record", help="Whether answers stay in the home as traces.")
    ] = True,
    setting: SettingOption = None,
    model: Model = None,
) -> None:
    """Type:  kedrec mcp

    Serve tools to an MCP client over stdin and stdout. A client such as an editor or a desktop assistant starts it
    itself; graph and literature are opened by the first call.
    """
    resolved = settings(setting=setting, model=model)
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise MissingExtra("The MCP server", "mcp")
    import anyio

    from kedrec.serve.mcp.stdio import serve_stdio
    from kedrec.serve.work_loop import Limits

    anyio.run(serve_stdio, partial(opened_service, resolved, Limits(), record=record))


@contextmanager
def opened_service(
    resolved: Settings,
    limits: Limits,
    *,
    record: bool,
    also: Mapping[str, str] | None = None,
    runs: Path | None = None,
    tool_processes: int = 0,
) -> Iterator[Service]:
    """What is served, over the home of the settings.

    Args:
        resolved: the settings.
        limits: how much work is taken on.
        record: whether traces stay in the home; else they are in a folder that goes when the server ends.
        also: specifications of more models by the name under which chat programs ask them.
        runs: folder of the runs that are shown; `runs` in the home where not given.
        tool_processes: processes that call the tools; 0 where this one does.

    Raises:
        NotReady: where no graph is loaded.
    """
    from kedrec.agents.agent import Agent
    from kedrec.agents.traces.store import TraceStore
    from kedrec.serve.service import Service

    with TemporaryDirectory(prefix="kedrec-traces-") as passing:
        agent = Agent.open(resolved)
        agent.traces = agent.traces if record else TraceStore(Path(passing))
        named = {name: agent.with_model(spec) for name, spec in (also or {}).items()}
        service = Service(agent, limits, named, runs)
        try:
            if tool_processes:
                service.call_tools_beside(tool_processes)
            service.warm()
            yield service
        finally:
            service.close()


def models_named(given: Iterable[str]) -> dict[str, str]:
    """Specifications of models by their names, from `NAME=MODEL` each.

    Raises:
        UserError: where one is not of that form, or a name is taken.
    """
    found = {"kedrec": ""}
    for one in given:
        name, _, spec = one.partition("=")
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name) or not spec or name in found:
            form = "Give --also NAME=MODEL: a name of small letters, digits, '.', '_' and '-' that is not taken"
            raise UserError(f"{form}, and a model as --model has it. Found: {one!r}.")
        found[name] = spec
    del found["kedrec"]
    return found


def check_budget(resolved: Settings, budget: float | None) -> None:
    """Refuse a budget that nothing counts against.

    Raises:
        UserError: where the model is paid for and its prices are not known.
    """
    paid = resolved.model.startswith("openai:")
    if budget is not None and paid and not (resolved.input_price or resolved.output_price):
        told = f"--budget needs to know what {resolved.model} costs"
        raise UserError(f"{told}. Set KEDREC_INPUT_PRICE and KEDREC_OUTPUT_PRICE, in US dollars a million tokens.")
