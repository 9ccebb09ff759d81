"""The benchmark of cold starts: `python -m kedrec.eval.bench_start --home DIR`.

Runs whole commands over a loaded home, each in a process of its own, in turns with the bare imports that an answer
cannot do without. Prints one table in Markdown with date, commit and machine. Processor time is the measure, since it
hardly depends on what else the machine does; wall-clock stands beside it. Bytecode is kept in a folder of its own for
all of them, as it is where a package is installed; `--uncompiled` compiles every module in every process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kedrec.errors import WorkError
from kedrec.eval.machine import KEDREC, where

__all__ = ["main", "measured"]

BARE = "import langgraph.graph, numpy, scipy.sparse"
QUESTION = ("rheumatoid arthritis", "methotrexate", "adalimumab")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
"""What the command line sets for itself, for the bare imports too."""


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    processor: float
    """Seconds of processor time, user and system."""
    wall: float
    """Seconds from start to end."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--uncompiled", action="store_true")
    parser.add_argument("--disease", default=QUESTION[0])
    parser.add_argument("--drugs", nargs="+", default=list(QUESTION[1:]))
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as bytecode:
        kept = {"PYTHONDONTWRITEBYTECODE": "1" if given.uncompiled else "", "PYTHONPYCACHEPREFIX": bytecode}
        environment = {**os.environ, **ONE_THREAD, **kept, "KEDREC_HOME": str(given.home)}
        timed = in_turns(commands(given.disease, given.drugs), environment, given.turns)
    bare = _middle([cost.processor for cost in timed["bare imports"]])
    rows = ["| p50, s | processor | times bare imports | wall |", "|---|---|---|---|"]
    for name, costs in timed.items():
        processor, wall = (_middle(seconds) for seconds in zip(*((c.processor, c.wall) for c in costs), strict=True))
        rows.append(f"| {name} | {processor:.2f} | {processor / bare:.2f} | {wall:.2f} |")
    sys.stdout.write("\n".join([*rows, "", where()]) + "\n")


def commands(disease: str, drugs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What is run, by its name in the table."""
    return {
        "bare imports": (sys.executable, "-c", BARE),
        "--help": (*KEDREC, "--help"),
        "graph show": (*KEDREC, "graph", "show", drugs[0]),
        "compare, both": (*KEDREC, "compare", disease, *drugs),
        "compare, none": (*KEDREC, "compare", disease, *drugs, "--setting", "none"),
        "recommend": (*KEDREC, "recommend", disease),
    }


def in_turns(wanted: dict[str, tuple[str, ...]], environment: dict[str, str], turns: int) -> dict[str, list[Cost]]:
    """Run every command once for the caches of the system, then all of them in turns."""
    for command in wanted.values():
        measured(command, environment)
    timed: dict[str, list[Cost]] = {name: [] for name in wanted}
    for _ in range(turns):
        for name, command in wanted.items():
            timed[name].append(measured(command, environment))
    return timed


def measured(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end.

    Raises:
        WorkError: It failed.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=told)
        _, status, used = os.wait4(process.pid, 0)
        wall, process.returncode = time.monotonic() - started, os.waitstatus_to_exitcode(status)
        told.seek(0)
        if process.returncode:
            raise WorkError(f"{' '.join(command[1:])} ended with {process.returncode}: {told.read().decode()[-500:]}")
    return Cost(used.ru_utime + used.ru_stime, wall)


def _middle(seconds: Sequence[float]) -> float:
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
