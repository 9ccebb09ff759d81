"""The Neo4j server of the tests: the one that NEO4J_TEST_URI names, or one of their own that ends when they do."""

import atexit
import functools
import os
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "neo4j"
PASSWORD = "kedrec-tests"
GUARD = """
trap 'rm -rf "$NEO4J_HOME"' EXIT
failed() { echo "$1" && cat log && exit 1; }
timeout 420 "$1" fetch >log 2>&1 || failed missing
timeout 150 "$1" start >log 2>&1 || failed broken
echo up
cat >/dev/null
"$1" stop >log
"""
"""Starts the server, and stops it when its standard input ends, however the tests ended."""
QUICK = "-XX:TieredStopAtLevel=1"
"""For the virtual machine of a server that lives for a minute."""


@dataclass(frozen=True)
class Address:
    uri: str
    password: str | None
    home: Path | None = None
    """The folder of a server of the tests' own, which they may stop and start."""


def address() -> Address:
    """Where the server is; skips, with the reason, where there can be none."""
    if uri := os.environ.get("NEO4J_TEST_URI"):
        return Address(uri, os.environ.get("NEO4J_TEST_PASSWORD"))
    return own("all")


def own(purpose: str) -> Address:
    """A server of the tests' own, one for each purpose; skips, with the reason, where there can be none."""
    word, said, started = _own(purpose)
    if word == "missing":
        pytest.skip(f"no Neo4j server for the tests: {said}")
    if word != "up":
        pytest.fail(f"the Neo4j server of the tests did not start: {said}")
    return started


def environment(home: Path) -> dict[str, str]:
    """What scripts/neo4j is told, to run a server for tests in a folder."""
    told = {"NEO4J_HOME": str(home), "NEO4J_PORT": str(free_port()), "NEO4J_PASSWORD": PASSWORD, "NEO4J_HEAP": "512m"}
    return os.environ | told | {"JAVA_TOOL_OPTIONS": QUICK}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@functools.cache
def _own(purpose: str) -> tuple[str, str, Address]:
    home = Path(tempfile.mkdtemp(prefix=f"kedrec-neo4j-{purpose}-"))
    env = environment(home)
    guard = subprocess.Popen(
        ["bash", "-c", GUARD, "guard", SCRIPT],
        cwd=home,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(_end, guard)
    word = guard.stdout.readline().strip()
    said = "" if word == "up" else " ".join(guard.stdout.read().split())
    return word, said, Address(f"bolt://127.0.0.1:{env['NEO4J_PORT']}", PASSWORD, home)


def _end(guard: subprocess.Popen) -> None:
    guard.stdin.close()
    guard.wait(timeout=90)
    guard.stdout.close()
