"""The process that runs queries of a user or a model; `user_query` starts and ends it.

The first line on stdin holds the settings of the server, each other one a job, as JSON. A line on stdout answers each
job: columns, rows, walks and cut, or an error.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, LiteralString, cast

from kedrec.config import Settings
from kedrec.errors import KedrecError, NotReady, UserError, WorkError
from kedrec.graphdb import ranking
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.allow_reads_only import refused_step
from kedrec.graphdb.neo4j.connection import Server, connect
from kedrec.graphdb.neo4j.values import links_in, plain, walks_in
from kedrec.records import Edge

if TYPE_CHECKING:
    from neo4j import Record

__all__: list[str] = []

MEMORY = 1 << 30
"""Bytes of address space of this process, where the system knows such a limit."""
SLOW = 2.0
"""Seconds beside its limit that a server may take to end a query: it looks every two seconds."""
MARK = "own query"


def main() -> None:
    """Answer the jobs on stdin until it ends, or until an answer has filled the memory."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # Half of the time that the driver takes to import goes into tables that are not wanted here.
    for name in ("numpy", "pandas", "pyarrow"):
        sys.modules[name] = None  # type: ignore[assignment]
    opened = cache(partial(connect, Settings.model_validate_json(sys.stdin.readline())))
    for line in sys.stdin:
        try:
            answer = _answer(opened(), json.loads(line))
        except KedrecError as error:
            answer = _error(type(error).__name__, str(error))
        except MemoryError:
            _say(_error("WorkError", "The answer is too large. Return fewer columns, no whole lists, or use LIMIT."))
            return
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one query goes back to whoever asked it
            answer = _error("WorkError", f"The query failed: {type(error).__name__}: {error}")
        _say(answer)


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": message}}


def _answer(server: Server, job: dict[str, Any]) -> dict[str, Any]:
    query, seconds, most = cast("LiteralString", job["query"]), job["seconds"], job["rows"]
    # Nothing is asked while a query that should have ended keeps the server busy.
    left = server.ask(cypher.LEFT_BEHIND, mark=MARK, slow=SLOW)
    if left:
        raise WorkError(
            f"An earlier query still keeps Neo4j at {server.uri} busy, {left[0]['seconds']} s after its start. "
            "No other one is asked until it has ended, or the server was started anew."
        )
    with server.reading(seconds, 1, MARK) as transaction, _explained(seconds):
        # Have the plan made, and look at every step of it.
        summary = transaction.run("EXPLAIN\n" + query).consume()
        if step := refused_step(summary.plan, summary.query_type):
            raise UserError(
                f"The query may do more than read the graph ({step}). Write only MATCH, OPTIONAL MATCH, WHERE, WITH, "
                "UNWIND, UNION, subqueries, RETURN, ORDER BY, SKIP and LIMIT."
            )
    with _unbroken(), server.reading(seconds, most + 1, MARK) as transaction, _explained(seconds):
        result = transaction.run(query)
        columns, records = result.keys(), [record for _, record in zip(range(most + 1), result, strict=False)]
        # The edges in the records, by their ids in the database.
        links = list(dict.fromkeys(link for record in records for value in record.values() for link in links_in(value)))
        found = list(transaction.run(cypher.LINKS_BY_ID, ids=links)) if links else []
        edges = {row["id"]: ranking.make_edge(row["head"], row["relation"], row["tail"]) for row in found}
    return _limited(columns, records, edges, most, job["size"])


@contextlib.contextmanager
def _explained(seconds: float) -> Iterator[None]:
    """Turn what is wrong with the query into a sentence that says what to mend.

    Raises:
        UserError: it is not valid.
        WorkError: it took too long or too much memory.
    """
    from neo4j.exceptions import ClientError, TransientError

    try:
        yield
    except (ClientError, TransientError) as error:
        code = str(error.code)
        if "TimedOut" in code or "Terminated" in code:
            raise WorkError(f"The query took longer than {seconds:g} s. Start from fewer entities.") from error
        if "OutOfMemory" in code:
            raise WorkError("The query needs too much memory. Return fewer rows, or count instead.") from error
        if ".Statement." in code or ".Procedure." in code:
            line = " ".join(str(error.message).split())[:400]
            raise UserError(f"The query is not valid: {line}") from error
        raise


@contextlib.contextmanager
def _unbroken() -> Iterator[None]:
    """Tell a server that breaks off in the middle of an answer from one that is not there.

    Raises:
        WorkError: it broke off.
    """
    try:
        yield
    except NotReady as error:
        raise WorkError("The server broke off its answer, which may be too large. Return less.") from error


def _limited(
    columns: Sequence[str], records: Sequence[Record], edges: dict[str, Edge], most: int, size: int
) -> dict[str, Any]:
    """Make the answer of as many records as the limits allow.

    Raises:
        WorkError: the first row alone is too large.
    """
    rows, walks, left = [], dict[Any, None](), size
    for record in records[:most]:
        row = [plain(value, edges) for value in record.values()]
        left -= len(json.dumps(row))
        if left < 0:
            break
        rows.append(row)
        walks.update(dict.fromkeys(walk for value in record.values() for walk in walks_in(value, edges)))
    if left < 0 and not rows:
        raise WorkError(f"The first row alone has more than {size:,} bytes. Return fewer columns, or no whole lists.")
    cut = "size" if left < 0 else "rows" if len(records) > most else None
    plain_walks = [[edge.model_dump() for edge in walk] for walk in walks]
    return {"columns": list(columns), "rows": rows, "walks": plain_walks, "cut": cut}


if __name__ == "__main__":
    main()
