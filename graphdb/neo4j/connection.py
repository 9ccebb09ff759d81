"""A connection to one Neo4j database, and what its errors mean to the user."""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, LiteralString

from kedrec.errors import ConfigError, DatabaseFailed, KedrecError, MissingExtra, NotReady, WorkError
from kedrec.graphdb.neo4j import cypher

if TYPE_CHECKING:
    from neo4j import Driver, Transaction
    from neo4j.exceptions import Neo4jError

    from kedrec.config import Settings

__all__ = ["Server", "connect"]

CONNECT_SECONDS = 5.0
"""How long to wait for the server to take the connection."""
SCHEMES = tuple(f"{name}{security}://" for name in ("bolt", "neo4j") for security in ("", "+s", "+ssc"))
RETRY_SECONDS = 15.0
"""How long to try again what the server says may succeed later."""
NO_DATABASE = "Neo.ClientError.Database.DatabaseNotFound"
SYSTEM = "system"
"""Database in which a server keeps what it knows of the others."""
FAILED = (
    "Neo.DatabaseError.",
    "Neo.TransientError.General.DatabaseUnavailable",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
)
"""What a database says that cannot go on, for want of room on its disk above all."""
TOO_MANY_TRIES = "Neo.ClientError.Security.AuthenticationRateLimit"


class Server:
    """One database of a Neo4j server; safe to share between threads.

    Args:
        driver: the official driver.
        uri: address, for messages.
        user: user name, for messages.
        database: name of the database.
    """

    def __init__(self, driver: Driver, uri: str, user: str, database: str) -> None:
        self._driver, self.uri, self.user, self.database = driver, uri, user, database
        self._closing = weakref.finalize(self, driver.close)

    def ask(self, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of a query that only reads; tried again where the server says that this may help.

        Raises:
            NotReady, ConfigError: the server, the password or the database is not as the settings say.
            WorkError: the query failed.
        """
        return self._run(query, parameters, "r")

    def change(self, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """Return the rows of a query that writes, in one transaction; raises as `ask` does."""
        return self._run(query, parameters, "w")

    @contextlib.contextmanager
    def reading(self, seconds: float, batch: int, mark: str) -> Iterator[Transaction]:
        """Open a transaction in which the server refuses to write.

        Args:
            seconds: after these the server ends it.
            batch: records that are fetched at once.
            mark: says what it is for, in the server's list of transactions, beside the seconds.

        Raises:
            NotReady, ConfigError, WorkError: as `ask` does.
        """
        from neo4j import READ_ACCESS

        note = {"kedrec": mark, "seconds": seconds}
        with (
            _explained(self.uri, self.user, self.database),
            self._driver.session(database=self.database, default_access_mode=READ_ACCESS, fetch_size=batch) as session,
            session.begin_transaction(metadata=note, timeout=seconds) as transaction,
        ):
            yield transaction
            transaction.rollback()

    def is_open(self) -> bool:
        """Say whether the database answers; it does not while its server is still opening it.

        Raises:
            DatabaseFailed: the server could not open it, and will not.
            NotReady, ConfigError, WorkError: as `ask` does.
        """
        try:
            self.ask(cypher.GRAPH)
        except DatabaseFailed:
            found = self._run(cypher.STATUS, {"name": self.database}, "r", SYSTEM)
            if found and found[0]["status"] != "online" and (message := found[0]["message"]):
                raise DatabaseFailed(_unusable(message, self.uri, self.database)) from None
            return False
        return True

    def close(self) -> None:
        """Close the connection."""
        self._closing()

    def _run(
        self, query: LiteralString, parameters: dict[str, Any], access: str, database: str | None = None
    ) -> list[dict[str, Any]]:
        from neo4j import RoutingControl

        with _explained(self.uri, self.user, self.database):
            records, _, _ = self._driver.execute_query(
                query, parameters, routing_=RoutingControl(access), database_=database or self.database
            )
        return [dict(record) for record in records]


def connect(settings: Settings, patience: float = RETRY_SECONDS) -> Server:
    """Connect to the Neo4j server of the settings.

    Args:
        settings: where it is.
        patience: seconds for which to try again what the server says may succeed later, at growing intervals.

    Raises:
        MissingExtra: the driver is not installed.
        NotReady: no server answers there.
        ConfigError: the address, the user or the password is wrong.
    """
    try:
        import neo4j
    except ImportError:
        raise MissingExtra("The Neo4j store", "neo4j") from None
    uri, user, database = settings.neo4j_uri, settings.neo4j_user, settings.neo4j_database
    password = settings.neo4j_password
    if not uri.startswith(SCHEMES):
        raise ConfigError(
            f"{uri!r} is no address of a Neo4j server. Set KEDREC_NEO4J_URI, as in bolt://127.0.0.1:7687."
        )
    auth = (user, password.get_secret_value()) if password else None
    _keep_retries_quiet()
    with _explained(uri, user, database):
        driver = neo4j.GraphDatabase.driver(
            uri,
            auth=auth,
            connection_timeout=CONNECT_SECONDS,
            max_transaction_retry_time=patience,
            notifications_min_severity="OFF",
        )
    server = Server(driver, uri, user, database)
    try:
        with _explained(uri, user, database):
            driver.verify_connectivity()
    except KedrecError:
        server.close()
        raise
    return server


def _keep_retries_quiet() -> None:
    """Let the driver's warnings about each try again reach only logs that somebody has set up."""
    driver = logging.getLogger("neo4j")
    if not driver.handlers:
        driver.addHandler(logging.NullHandler())


@contextlib.contextmanager
def _explained(uri: str, user: str, database: str) -> Iterator[None]:
    """Turn the driver's errors into ours, in one line."""
    from neo4j import exceptions

    try:
        yield
    except exceptions.AuthError as error:
        raise _refused(error, uri, user) from error
    except (exceptions.ServiceUnavailable, exceptions.SessionExpired) as error:
        raise NotReady(
            f"No Neo4j server answers at {uri} ({_reason(error)}). "
            "Start one (scripts/neo4j start) or set KEDREC_NEO4J_URI."
        ) from error
    except exceptions.Neo4jError as error:
        raise _failed(error, uri, database) from error
    except (exceptions.ConfigurationError, ValueError) as error:
        raise ConfigError(
            f"{uri!r} is no address of a Neo4j server ({_line(error)}). "
            "Set KEDREC_NEO4J_URI, as in bolt://127.0.0.1:7687."
        ) from error
    except exceptions.DriverError as error:
        raise WorkError(f"Neo4j at {uri} failed: {_line(error)}. Try again.") from error


def _failed(error: Neo4jError, uri: str, database: str) -> KedrecError:
    """Return what an answer of the server means that is no answer to a query."""
    code = error.code or ""
    if code == NO_DATABASE:
        return ConfigError(
            f"The Neo4j server at {uri} has no database {database!r}. Set KEDREC_NEO4J_DATABASE (usually: neo4j)."
        )
    if code.startswith(FAILED):
        return DatabaseFailed(_unusable(_line(error), uri, database))
    if code.startswith("Neo.ClientError."):
        return WorkError(f"Neo4j at {uri} refused a query: {_line(error)}")
    return WorkError(f"Neo4j at {uri} failed: {_line(error)}. Try again.")


def _unusable(said: str, uri: str, database: str) -> str:
    return (
        f"The database {database!r} at {uri} cannot go on: {said.rstrip('.')}. The server's debug.log says why: most "
        "often a full disk, or an import cut short. Make room, restart the server, and run the same command again; "
        "where that does not help, kedrec graph load --store neo4j --bulk --overwrite begins anew."
    )


def _refused(error: Exception, uri: str, user: str) -> ConfigError:
    if getattr(error, "code", "") == TOO_MANY_TRIES:
        return ConfigError(f"Neo4j at {uri} refuses {user!r} after too many wrong passwords. Wait a minute.")
    return ConfigError(
        f"Neo4j at {uri} refuses the user {user!r} and the password. Set KEDREC_NEO4J_USER and KEDREC_NEO4J_PASSWORD."
    )


def _reason(error: BaseException) -> str:
    """Return what the operating system said, where it said anything."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _reason(cause) if cause else _line(error)


def _line(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error)
    return " ".join(str(text).split())[:200].rstrip(".")
