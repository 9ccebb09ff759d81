"""What goes wrong with Neo4j, on a real server of its own: one message each, and the same command again ends well."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import neo4j_server
import pytest
from graph_stores import TARGET, write_tsv

from kedrec.cli.app import main
from kedrec.config import Settings
from kedrec.errors import KedrecError, WorkError
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.connection import connect
from kedrec.graphdb.neo4j.load import load_into_neo4j
from kedrec.graphdb.neo4j.store import Neo4jStore

EDGES = [(f"Compound::DB{n:05}", TARGET, f"Gene::{n % 1999}") for n in range(4_000)]
FOR_FILES, FOR_IMPORT, FOR_SERVER = 10_000, 400_000, 300_000
"""Bytes that no file may exceed: less than the import's files take, than the imported database, than an index."""
WAIT = 300.0
STARTED: list[subprocess.Popen[str]] = []
"""The command lines of the running test, ended with it: one left over would stop the next test's server."""


@pytest.fixture(scope="module")
def address():
    """Where a server is that only these tests stop, kill and starve."""
    pytest.importorskip("neo4j", reason="needs the extra neo4j")
    return neo4j_server.own("faults")


@pytest.fixture
def neo4j(address, monkeypatch, home, tmp_path):
    """The server, running and empty whatever happened before, named by the settings; and a graph for it."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", neo4j_server.QUICK)
    monkeypatch.setenv("NEO4J_HOME", str(address.home))
    monkeypatch.setenv("KEDREC_STORE", "neo4j")
    monkeypatch.setenv("KEDREC_NEO4J_URI", address.uri)
    monkeypatch.setenv("KEDREC_NEO4J_PASSWORD", address.password)
    server = Neo4j(address, home, write_tsv(tmp_path / "graph.tsv", EDGES))
    server.empty()
    yield server
    while STARTED:
        with STARTED.pop() as process:
            process.kill()


class Neo4j:
    def __init__(self, address, home, graph):
        self.home, self.graph, self._server = home, graph, address.home
        self.settings = Settings(neo4j_uri=address.uri, neo4j_password=address.password)

    @property
    def pid(self):
        return int((self._server / "kedrec.pid").read_text())

    def control(self, word):
        subprocess.run([self._server / "bin" / "neo4j", word], check=True, capture_output=True)

    def kill(self):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
            until(lambda: not Path(f"/proc/{self.pid}").exists())

    def renew(self):
        """Begin with a database in which nothing ever was."""
        self.kill()
        for folder in ("databases", "transactions"):
            shutil.rmtree(self._server / "data" / folder / "neo4j", ignore_errors=True)
        self.control("start")

    def empty(self):
        try:
            with contextlib.closing(connect(self.settings, patience=0)) as server:
                server.change("MATCH (n) DETACH DELETE n")
        except KedrecError:
            self.renew()

    def limit(self, size):
        """Let the server write no file beyond a size, as on a full disk."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def commands(self, folder, limit="unlimited"):
        """A folder with the server's commands, in which an import may write no file beyond some KiB."""
        folder.mkdir(exist_ok=True)
        for name, before in (("neo4j", ""), ("neo4j-admin", f"ulimit -S -f {limit}; ")):
            (folder / name).write_text(f'#!/bin/bash\n{before}exec "{self._server}/bin/{name}" "$@"\n')
            (folder / name).chmod(0o755)
        return folder

    def loaded(self):
        """How many edges the database has, all of them counted."""
        with contextlib.closing(connect(self.settings)) as server:
            return Neo4jStore.open(server).stats().triples


def until(done):
    """Wait until something holds."""
    deadline = time.monotonic() + WAIT
    while not (found := done()):
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.005)
    return found


def start(*words, largest=resource.RLIM_INFINITY):
    """Start the command line in a process of its own, whose files may have so many bytes."""
    code = (
        "import resource, sys; from kedrec.cli import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY)); main(sys.argv[2:])"
    )
    command = [sys.executable, "-c", code, str(largest), "graph", "load", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    STARTED.append(process)
    return process


def ended(process):
    """Its exit code, and the one line of its error."""
    _, said = process.communicate(timeout=600)
    assert "Traceback" not in said
    errors = [line for line in said.splitlines() if line.startswith("kedrec: ")]
    assert len(errors) == (process.returncode != 0), said
    return process.returncode, errors[0] if errors else ""


def load(*words, largest=resource.RLIM_INFINITY):
    return ended(start(*words, largest=largest))


def command_of(process_id):
    """The command line of a process; nothing once it has ended, as the importer's own short helpers do."""
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def importer(process):
    """The import's process, as soon as it runs."""

    def found():
        assert process.poll() is None
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return [int(child) for child in children if b"AdminTool" in command_of(child)]

    return until(found)[0]


@pytest.mark.parametrize("bulk", [(), ("--bulk",)], ids=["unwind", "bulk"])
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PASSWORD", "certainly wrong", "refuses the user 'neo4j' and the password. Set KEDREC_NEO4J_USER and KED"),
        ("DATABASE", "nosuch", "has no database 'nosuch'. Set KEDREC_NEO4J_DATABASE"),
        ("URI", "bolt://127.0.0.1:9", "No Neo4j server answers at bolt://127.0.0.1:9 (Connection refused). Start one"),
    ],
)
def test_a_wrong_setting_is_the_users_mistake_and_named(neo4j, monkeypatch, capsys, name, value, message, bulk):
    monkeypatch.setenv(f"KEDREC_NEO4J_{name}", value)
    with pytest.raises(SystemExit) as caught:
        main(["graph", "load", str(neo4j.graph), *bulk])
    said = capsys.readouterr().err.splitlines()
    assert (caught.value.code, len(said)) == (2, 1)
    assert message in said[0]


def test_a_load_into_a_server_whose_disk_is_full_ends_well_when_there_is_room(neo4j):
    neo4j.renew()
    neo4j.limit(FOR_SERVER)
    code, said = load(neo4j.graph)
    assert code == 1 and "cannot go on" in said
    assert "most often a full disk" in said and "run the same command again" in said
    neo4j.limit(resource.RLIM_INFINITY)
    neo4j.control("stop")
    neo4j.control("start")
    code, said = load(neo4j.graph)
    if code:  # Neo4j's log was torn at a byte from which Neo4j itself does not recover
        assert "cannot go on" in said and "--bulk --overwrite begins anew" in said
        assert load(neo4j.graph, "--bulk", "--overwrite") == (0, "")
    assert neo4j.loaded() == len(EDGES)


def test_a_bulk_load_onto_a_full_disk_ends_well_when_there_is_room(neo4j, tmp_path):
    command = [neo4j.graph, "--bulk", "--neo4j-admin", neo4j.commands(tmp_path / "bin", FOR_IMPORT >> 10)]
    code, said = load(*command, largest=FOR_FILES)
    assert code == 1 and "could not be written into" in said and "The database is as it was. Make room" in said
    assert connect(neo4j.settings).ask("MATCH (n) RETURN count(n) AS n") == [{"n": 0}]
    code, said = load(*command)
    assert code == 1, said
    assert "File too large" in said
    assert "could not import" in said and "run the same load again; it begins anew" in said
    neo4j.commands(tmp_path / "bin")
    assert load(*command) == (0, "")
    assert neo4j.loaded() == len(EDGES)


def test_a_bulk_load_whose_processes_are_killed_begins_anew(neo4j):
    first = start(neo4j.graph, "--bulk")
    os.kill(importer(first), signal.SIGKILL)
    code, said = ended(first)
    assert code == 1 and "was killed by signal 9" in said and "run the same load again; it begins anew" in said
    second = start(neo4j.graph, "--bulk")
    left = importer(second)
    second.kill()
    second.wait()
    os.kill(left, signal.SIGSTOP)  # only now: a stopped child of one that ends is sent SIGHUP
    code, said = load(neo4j.graph, "--bulk")
    assert code == 2 and "is being written by another process" in said
    os.kill(left, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{left}").exists())
    assert load(neo4j.graph, "--bulk") == (0, "")
    assert neo4j.loaded() == len(EDGES)


def test_a_load_whose_server_is_killed_goes_on_where_it_was(neo4j):
    def kill_at(stage, done, total):
        if (stage, done) == ("triples", 1_000):
            neo4j.kill()

    with pytest.raises(WorkError, match=r"No Neo4j server answers .*Start one .*the same load resumes from there"):
        load_into_neo4j([neo4j.graph], None, connect(neo4j.settings, patience=1), kill_at, batch=1_000)
    neo4j.control("start")
    assert connect(neo4j.settings).ask(cypher.GRAPH)[0]["graph"]["triples_done"] == 1_000
    assert load(neo4j.graph) == (0, "")
    assert neo4j.loaded() == len(EDGES)
