"""The benchmark of the server: `python -m kedrec.eval.bench_serve.run`.

Chats arrive evenly at `kedrec serve`, whose model is a server that answers after `--delay` seconds, and at a bare
FastAPI endpoint that waits for the same model as often. What a chat takes beyond the model is its overhead. Then
clients leave early: their work must stop. Then chats arrive until there were `--memory-chats`, and memory is read after
each tenth of them. Each side is a process of its own; processor time is the figure that hardly depends on what else
runs. With 3 calls of 3.4 s behind each other and 20 arrivals a second, 204 chats are open.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx

from kedrec.config import Settings
from kedrec.eval.bench_serve.clients import Arrivals, Seen, arrive, ask_once
from kedrec.eval.bench_serve.processes import free_port, running, used
from kedrec.eval.machine import where

__all__ = ["main"]

STARTER = Path(__file__).resolve().parents[2] / "examples" / "starter"
TENTHS = 10
"""Readings of memory."""
LoadRow = tuple[str, Seen, float, float, float, float]
"""Name, what clients saw, seconds of the model in a chat, processor seconds, memory before and after."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chats", type=int, default=600)
    parser.add_argument("--per-second", type=float, default=20.0)
    parser.add_argument("--delay", type=float, default=3.4, help="seconds before each answer of the model")
    parser.add_argument("--tool-processes", type=int, default=0, help="of the server; 0: it calls the tools itself")
    parser.add_argument("--memory-chats", type=int, default=10_000, help="chats over which memory is watched; 0: none")
    given = parser.parse_args(arguments)
    arrivals = Arrivals(given.chats, given.per_second)
    with tempfile.TemporaryDirectory() as folder, _model(given.delay) as model:
        home = _loaded(Path(folder))
        with _kedrec(home, model, given.tool_processes) as (process, address):
            asyncio.run(ask_once(address))
            calls = _calls(address, model)
            rows = [_measured("kedrec serve", process, address, arrivals, calls * given.delay)]
            left = _leavers(address, model, given.delay)
            kept = _memory(process, address, Arrivals(given.memory_chats // TENTHS, given.per_second))
        with _bare(model, calls) as (process, address):
            asyncio.run(ask_once(address))
            rows.append(_measured("bare FastAPI", process, address, arrivals, calls * given.delay))
    told = f"{calls} calls of the model behind each other in a chat. {left}"
    lines = [*_table(rows), "", told, *([kept] if kept else []), "", where()]
    sys.stdout.write("\n".join(lines) + "\n")


def _loaded(home: Path) -> Path:
    from kedrec.graphdb.embedded.build import load_graph
    from kedrec.tools.literature import Literature

    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    literature = Literature.open(home / "literature", Settings.model_validate({"home": home, "embed": "never"}))
    for name in ("articles.jsonl", "trials.jsonl"):
        literature.add(STARTER / name, embed=False)
    return home


@contextmanager
def _model(delay: float) -> Iterator[str]:
    port = free_port()
    command = ["-m", "kedrec.eval.bench_runs.fake_server", "--latency", str(delay), "--port", str(port)]
    with running(command, f"http://127.0.0.1:{port}/counts"):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _kedrec(home: Path, model: str, tool_processes: int = 0) -> Iterator[tuple[Popen[bytes], str]]:
    address = f"http://127.0.0.1:{(port := free_port())}"
    start = ["-c", "from kedrec.cli import main; main()", "--home", str(home), "serve", "--port", str(port)]
    options = ["--model", "openai:tiny", "--at-once", "256", "--per-minute", "100000"]
    options += ["--tool-processes", str(tool_processes)]
    with running([*start, *options], f"{address}/ready", {"KEDREC_BASE_URL": model, "KEDREC_API_KEY": "none"}) as made:
        yield made, address


@contextmanager
def _bare(model: str, calls: int) -> Iterator[tuple[Popen[bytes], str]]:
    address = f"http://127.0.0.1:{(port := free_port())}"
    options = ["--port", str(port), "--model", model, "--calls", str(calls)]
    with running(["-m", "kedrec.eval.bench_serve.bare", *options], f"{address}/docs") as made:
        yield made, address


def _measured(name: str, process: Popen[bytes], address: str, arrivals: Arrivals, model: float) -> LoadRow:
    before = used(process)
    seen = asyncio.run(arrive(address, arrivals))
    after = used(process)
    sys.stderr.write(f"{name}: {len(seen.errors)} errors {seen.errors[:1]}\n")
    return name, seen, model, after.processor - before.processor, before.memory, after.memory


def _memory(process: Popen[bytes], address: str, arrivals: Arrivals) -> str:
    """The server's memory after each tenth of many chats; empty where there are none."""
    seen, errors = list[str](), 0
    for at in range(TENTHS if arrivals.chats else 0):
        errors += len(asyncio.run(arrive(address, arrivals)).errors)
        seen.append(f"{used(process).memory:.0f}")
        sys.stderr.write(f"memory after {(at + 1) * arrivals.chats} chats: {seen[-1]} MiB, {errors} errors\n")
    told = f"Memory after each {arrivals.chats} of {TENTHS * arrivals.chats} more chats, MiB: {', '.join(seen)}"
    return f"{told}; {errors} errors." if seen else ""


def _calls(address: str, model: str) -> int:
    """Calls of the model behind each other in a chat, by what reaches the model's server of one.

    The calls of a step are made side by side. What the trace does not have understands the question; of one that was
    asked before, the answer to that is kept.
    """
    before = _answered(model)
    asyncio.run(ask_once(address))
    latest = httpx.get(f"{address}/api/traces", params={"limit": 1}, timeout=60).json()[0]["id"]
    made = httpx.get(f"{address}/api/traces/{latest}", timeout=60).json()["calls"]
    steps = [call["step"] for call in made if call["type"] == "model"]
    return _answered(model) - before - len(steps) + len(set(steps))


def _leavers(address: str, model: str, delay: float) -> str:
    """What is left to do once 40 clients have left in the middle of their chats."""
    asyncio.run(arrive(address, Arrivals(40, 40.0, leave_after=1.5 * delay)))
    begun = time.monotonic()
    while _open_questions(address) and time.monotonic() - begun < 30:
        time.sleep(0.05)
    stopped = time.monotonic() - begun
    calls = _answered(model)
    time.sleep(2 * delay)
    more = _answered(model) - calls
    told = f"40 clients left after {1.5 * delay:g} s: {stopped:.1f} s later nothing was in work"
    return f"{told}, and {more} more calls of the model were made."


def _open_questions(address: str) -> float:
    lines = httpx.get(f"{address}/metrics", timeout=60).text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("kedrec_open_questions "))


def _answered(model: str) -> int:
    counts: dict[str, Any] = httpx.get(f"{model.removesuffix('/v1')}/counts", timeout=60).json()
    return int(counts["counts"]["answered"])


def _table(rows: Sequence[LoadRow]) -> list[str]:
    head = ["", *(row[0] for row in rows)]
    lines = {
        "chats": [f"{len(row[1].seconds) + len(row[1].errors)}" for row in rows],
        "open at once, at most": [str(row[1].most_open) for row in rows],
        "errors": [str(len(row[1].errors)) for row in rows],
        "overhead p50, ms": [_overhead(row, 0.5) for row in rows],
        "overhead p95, ms": [_overhead(row, 0.95) for row in rows],
        "processor time a chat, ms": [f"{1000 * row[3] / max(1, len(row[1].seconds)):.1f}" for row in rows],
        "memory before and after, MiB": [f"{row[4]:.0f}, {row[5]:.0f}" for row in rows],
    }
    table = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return [*table, *(f"| {name} | {' | '.join(cells)} |" for name, cells in lines.items())]


def _overhead(row: LoadRow, share: float) -> str:
    seconds = sorted(row[1].seconds)
    return f"{1000 * (seconds[min(len(seconds) - 1, int(share * len(seconds)))] - row[2]):.0f}" if seconds else "-"


if __name__ == "__main__":
    main()
