"""A user's or a model's own Cypher: read only, for a limited time, and for a limited answer.

Layers of defence, each behind the one before:

1. `refuse_unbounded`: functions and loops that can compute for ever on one value are refused by the query's text.
2. `allow_reads_only`: the plan, made by EXPLAIN, may hold only operators that read.
3. The transaction is a READ transaction, with a time limit that the server enforces.
4. The number of rows and the size of the answer are limited.
5. All of it runs in a process of its own with limited memory.
6. That process is ended when it takes too long, so that no answer can fill or block the process that asks.

What this covers: writing, changes of schema, users and settings, procedures, files and addresses, other databases,
traversals without end, answers without end. What it does not: reading, which is the point, of all that the user of the
settings may read in that database; a value that a query doubles again and again, which a server computes to its end
even when nobody waits for it. While one does, no other query is sent, so that they cannot pile up.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import weakref
from typing import Any, Literal

from kedrec import errors
from kedrec.config import Settings
from kedrec.errors import KedrecError, UserError, WorkError
from kedrec.graphdb.neo4j.refuse_unbounded import objection
from kedrec.records import Edge, Record

__all__ = ["Reader", "Rows"]

ANSWER_BYTES = 200_000
"""Most bytes of the rows of one answer, as JSON."""
GRACE_SECONDS = 15.0
"""For starting the process and for the server to notice its time limit, beside the limit itself."""
PROCESS = "kedrec.graphdb.neo4j.user_query_process"


class Rows(Record):
    """What a query found."""

    columns: tuple[str, ...]
    """Names of the columns."""
    rows: tuple[tuple[Any, ...], ...]
    """Plain JSON: entities as {id, name}, edges as {head, relation, tail}, paths as lists of edges."""
    walks: tuple[tuple[Edge, ...], ...]
    """The edges and paths in the rows, each once, as they are in the graph: what can be cited."""
    cut: Literal["rows", "size"] | None
    """The limit that the answer ran into."""


class Reader:
    """Asks a Neo4j server what somebody wrote; safe to share between threads.

    Args:
        settings: the server, and the limits of time and rows.
        grace: seconds beside the time limit after which the query is given up.
    """

    def __init__(self, settings: Settings, grace: float = GRACE_SECONDS) -> None:
        self._settings = settings
        self._patience = settings.cypher_timeout + grace
        self._idle: list[_Process] = []
        self._closing = weakref.finalize(self, _end, self._idle)

    def read(self, query: str) -> Rows:
        """Return what a query finds.

        Args:
            query: one Cypher query; it may be any text.

        Raises:
            UserError: the query is not valid or does more than read; the message says what to mend.
            WorkError: it took too long, its answer is too large, or an earlier one still keeps the server busy.
            NotReady, ConfigError: the server, the password or the database is not as the settings say.
        """
        if refused := objection(query):
            raise UserError(refused)
        process = self._idle_one() or _Process(_server(self._settings))
        job = {"query": query, "seconds": self._settings.cypher_timeout, "rows": self._settings.cypher_rows}
        answer = process.ask({**job, "size": ANSWER_BYTES}, self._patience)
        if answer is None:
            raise WorkError(
                f"The query was given up: no answer within {self._patience:g} s. Start from fewer entities."
            )
        if process.lives():
            self._idle.append(process)
        if "error" in answer:
            raise _raised(**answer["error"])
        return Rows.model_validate(answer)

    def close(self) -> None:
        """End the processes."""
        self._closing()

    def _idle_one(self) -> _Process | None:
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        return None


class _Process:
    """A process that asks queries, one after the other.

    Args:
        server: the settings that say where the server is.
    """

    def __init__(self, server: dict[str, Any]) -> None:
        command = [sys.executable, "-P", "-W", "ignore", "-m", PROCESS]
        pipe = subprocess.PIPE
        self._run = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        self._send(server)

    def ask(self, job: dict[str, Any], patience: float) -> dict[str, Any] | None:
        """Return the answer to a job; None, and the process is ended, where it takes longer than `patience` seconds."""
        giving_up = threading.Timer(patience, self._run.kill)
        giving_up.start()
        try:
            self._send(job)
            line = self._run.stdout.readline() if self._run.stdout else b""
        finally:
            giving_up.cancel()
        if line.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(line)
            return answer
        self.end()
        return None

    def lives(self) -> bool:
        """Whether it takes another job."""
        return self._run.poll() is None

    def end(self) -> None:
        """End it, whatever it does."""
        self._run.kill()
        with contextlib.suppress(OSError):
            self._run.communicate()

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            if self._run.stdin:
                self._run.stdin.write(json.dumps(message).encode() + b"\n")
                self._run.stdin.flush()


def _end(processes: list[_Process]) -> None:
    while processes:
        processes.pop().end()


def _server(settings: Settings) -> dict[str, Any]:
    """Return the settings that a connection needs, the password in plain: they go through a pipe only."""
    password = settings.neo4j_password
    known = settings.model_dump(mode="json", include={"neo4j_uri", "neo4j_user", "neo4j_database"})
    return {**known, "neo4j_password": password.get_secret_value() if password else None}


def _raised(kind: str, message: str) -> KedrecError:
    found = getattr(errors, kind, WorkError)
    error: KedrecError = found(message)
    return error
