"""The processes of the benchmark: what is measured, the model's server, and what each has used."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from kedrec.errors import WorkError

__all__ = ["Used", "free_port", "running", "used"]

SECONDS_TO_START = 600.0
TICKS = os.sysconf("SC_CLK_TCK")


class Used:
    """What a process and those that it started have used so far: processor seconds, and MiB that are their own."""

    def __init__(self, pid: int) -> None:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines())
        self.processor = (int(fields[11]) + int(fields[12])) / TICKS
        self.memory = int(status["RssAnon"].split()[0]) / 1024
        for child in _children(pid):
            below = Used(child)
            self.processor, self.memory = self.processor + below.processor, self.memory + below.memory


def _children(pid: int) -> list[int]:
    stats = {int(path.parent.name): path.read_text("utf-8") for path in Path("/proc").glob("[0-9]*/stat")}
    return [child for child, stat in stats.items() if int(stat.rpartition(")")[2].split()[1]) == pid]


def used(process: subprocess.Popen[bytes]) -> Used:
    """What a process has used so far."""
    return Used(process.pid)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], address: str, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that serves meanwhile.

    Args:
        command: after the Python that runs this.
        address: answers when it is there.
        environment: variables besides those of this process.

    Raises:
        WorkError: where it does not come up.
    """
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, **(environment or {})})
    try:
        _wait(process, address)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(address, timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise WorkError(f"Nothing answers at {address} after {SECONDS_TO_START:g} s; the process says why above.")
