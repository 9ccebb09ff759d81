"""Loads DRKG into Neo4j by its bulk import: files, a stopped server, one import, then the counts of any load."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kedrec.config import Settings
from kedrec.errors import DatabaseFailed, NotReady, UserError, WorkError
from kedrec.graphdb.embedded.build import LinkedGraph, LoadReport, OnStage
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.connection import Server, connect
from kedrec.graphdb.neo4j.import_files import write_import
from kedrec.graphdb.neo4j.installation import WAIT, Installation, by_hand, installation_at, installation_of
from kedrec.graphdb.neo4j.load import Load, mark_of, read_graph, silent
from kedrec.locks import writing

__all__ = ["Bulk", "bulk_load"]

FOLDER = "neo4j-import"
POLL = 0.1
"""Seconds between two looks at a server that starts."""
IMPORTING = "importing.json"
"""There while an import runs, with where: a database whose import was cut short can no longer say whose it is."""


@dataclass(frozen=True)
class Bulk:
    """How a bulk load goes about it."""

    admin: Path | None = None
    """`neo4j-admin`, or its folder; found by itself where None."""
    overwrite: bool = False
    """Whether data of others in the database may be deleted."""
    announce: Callable[[str], None] = lambda text: None
    """Called with a sentence that says what will be done."""


def bulk_load(
    files: Sequence[Path],
    names: Path | None,
    settings: Settings,
    bulk: Bulk | None = None,
    on_progress: OnStage | None = None,
    *,
    groups: Path | None = None,
) -> LoadReport:
    """Load one graph from all files into a database by `neo4j-admin database import full`.

    The server is stopped meanwhile and started again. Afterwards the database is what a load over Bolt makes, and is
    counted as after one. Stopped at any point, the same load begins anew, or only counts where the import was done.

    Args:
        files: DRKG files, plain or gzipped.
        names: names file, plain or gzipped.
        settings: which server and database, and the home that takes the files for the import.
        bulk: how to go about it.
        on_progress: called with the stage, and with how much of how much is done.
        groups: which ids are one drug or disease; see `read_groups`.

    Raises:
        InputError: a file does not fit; the database stays as it was.
        UserError: the database holds what no load of ours put there.
        NotReady: no server answers, or the import has to be run by hand; the message says how.
        Busy: another process is loading from the same home.
        DamagedData: afterwards the database has other counts than the files.
        WorkError: the disk is full, or the import or the server failed.
    """
    started = time.perf_counter()
    with writing(settings.home / FOLDER) as lock:
        report = _BulkLoad(settings, bulk or Bulk(), on_progress or silent, lock).run(files, names, groups)
    return report.model_copy(update={"seconds": round(time.perf_counter() - started, 3)})


class _BulkLoad:
    """One bulk load."""

    def __init__(self, settings: Settings, bulk: Bulk, on_progress: OnStage, lock: int) -> None:
        self._settings, self._bulk, self._on_progress, self._lock = settings, bulk, on_progress, lock
        self._database = settings.neo4j_database
        self._folder = settings.home / FOLDER

    def run(self, files: Sequence[Path], names: Path | None, groups: Path | None) -> LoadReport:
        """Read, import where the database does not hold the graph, and count."""
        installation, server = self._reach()
        graph, report = read_graph(files, names, self._on_progress, groups)
        if server is None or not Load(server, graph, report, self._on_progress).is_filled():
            if server:
                self._refuse_strangers(server)
                server.close()
            self._import(graph, report, installation)
            server = self._answering()
        Load(server, graph, report, self._on_progress).run()
        return report

    def _reach(self) -> tuple[Installation | None, Server | None]:
        """Return the installation, where it is ours, and the server; None where an import of ours was cut short."""
        try:
            server = self._open()
        except (NotReady, WorkError) as error:
            if interrupted := self._interrupted():
                self._bulk.announce("An earlier import was cut short; it begins anew.")
                return interrupted, None
            if not self._bulk.overwrite or not isinstance(error, DatabaseFailed):
                anew = None
            else:
                self._bulk.announce(f"The database {self._database!r} cannot be opened; another takes its place.")
                anew = installation_at(self._settings.neo4j_uri, self._bulk.admin)
            if anew:
                return anew, None
            # Start the server, where none answers and its folder is on this machine.
            uri = self._settings.neo4j_uri
            installation = installation_at(uri, self._bulk.admin) if isinstance(error, NotReady) else None
            if not installation:
                raise error
            self._bulk.announce(f"No server answers at {uri}; starting the one in {installation.home}.")
            installation.start()
            server = self._answering()
        return installation_of(server, self._bulk.admin), server

    def _refuse_strangers(self, server: Server) -> None:
        if not self._bulk.overwrite and (found := server.ask(cypher.STRANGERS)):
            labels = "".join(f":{label}" for label in found[0]["labels"])
            raise UserError(
                f"The database {server.database!r} at {server.uri} has nodes that KEDRec did not load, such as "
                f"({labels}), and a bulk import would take their place. Load without --bulk, which leaves them alone, "
                "or allow it with --overwrite."
            )

    def _import(self, graph: LinkedGraph, report: LoadReport, installation: Installation | None) -> None:
        self._on_progress("writing files", 0, 1)
        files = write_import(graph, mark_of(graph, report), self._folder / "files")
        if not installation:
            raise NotReady(by_hand(files, self._database))
        self._bulk.announce(f"Importing with {installation.admin}; the server is stopped meanwhile.")
        self._on_progress("stopping the server", 0, 1)
        installation.stop()
        self._refuse_if_running(installation)
        folders = {"home": str(installation.home), "commands": str(installation.commands)}
        self._note.write_text(json.dumps(self._where | folders), "utf-8")
        try:
            installation.load(files, self._database, self._on_progress, self._lock)
        except BaseException:
            with contextlib.suppress(WorkError):
                self._start(installation)
            raise
        self._note.unlink()
        files.remove()
        self._start(installation)

    def _start(self, installation: Installation) -> None:
        self._on_progress("starting the server", 0, 1)
        installation.start()

    def _refuse_if_running(self, installation: Installation) -> None:
        """Refuse to import while some server still answers: then what was stopped is not the one of the settings."""
        try:
            connect(self._settings, patience=0).close()
        except NotReady:
            return
        installation.start()
        raise UserError(
            f"The server of {installation.home} was stopped, but one still answers at {self._settings.neo4j_uri}. Name "
            "the neo4j-admin of that server with --neo4j-admin, or load without --bulk."
        )

    @property
    def _note(self) -> Path:
        return self._folder / IMPORTING

    @property
    def _where(self) -> dict[str, str]:
        return {"uri": self._settings.neo4j_uri, "database": self._database}

    def _interrupted(self) -> Installation | None:
        """Return where an import into the same database was cut short, if one was."""
        try:
            note = json.loads(self._note.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        if any(note.get(name) != value for name, value in self._where.items()):
            return None
        return Installation(Path(note["home"]), Path(note["commands"]))

    def _answering(self) -> Server:
        """Return the server as soon as its database is open."""
        self._on_progress("waiting for the server", 0, 1)
        deadline = time.monotonic() + WAIT
        while True:
            try:
                return self._open()
            except NotReady:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL)

    def _open(self) -> Server:
        """Return the server, without trying again.

        Raises:
            NotReady: it does not answer, or has not opened the database yet.
            DatabaseFailed: it could not open the database.
        """
        with contextlib.closing(connect(self._settings, patience=0)) as server:
            if not server.is_open():
                raise NotReady(
                    f"The server at {server.uri} has not opened the database {server.database!r} yet; its debug.log "
                    "says what it is doing. Wait until it has, then load again."
                )
        return connect(self._settings)
