"""A Neo4j whose folder is on this machine: stopped, filled by its own bulk import, and started again."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kedrec.errors import UserError, WorkError
from kedrec.graphdb.embedded.build import OnStage
from kedrec.graphdb.neo4j import cypher
from kedrec.graphdb.neo4j.connection import Server
from kedrec.graphdb.neo4j.import_files import ImportFiles

__all__ = ["Installation", "by_hand", "installation_at", "installation_of"]

WAIT = 180.0
"""Seconds for a server to stop, or to start."""
STAGES = 14
"""Of an import; more where it has to go over the edges several times."""
STAGE = ", started "
NO_ROOM = re.compile("No space left on device|File too large|Disk quota exceeded")
LOG = "import.log"


@dataclass(frozen=True)
class Installation:
    """A Neo4j on this machine, of which this user may stop the server and write the data."""

    home: Path
    """Its folder."""
    commands: Path
    """The folder with `neo4j` and `neo4j-admin`."""

    @property
    def admin(self) -> Path:
        """The command that imports."""
        return self.commands / "neo4j-admin"

    def start(self) -> None:
        """Start the server; it may not answer yet."""
        self._control("start")

    def stop(self) -> None:
        """Stop the server, if it runs."""
        self._control("stop")

    def load(self, files: ImportFiles, database: str, on_progress: OnStage, lock: int) -> None:
        """Put the graph of some files in place of a database, the server being stopped.

        Args:
            files: the files.
            database: name of the database.
            on_progress: called with how far the import is.
            lock: handle of a lock that the import holds too, as it may outlive this process.

        Raises:
            WorkError: it failed; the database is then not to be used until an import succeeds.
        """
        log, stage = files.folder / LOG, 0
        with log.open("w", encoding="utf-8") as said, self._importing(files, database, lock) as running:
            for line in running.stdout or ():
                said.write(line)
                said.flush()
                if STAGE in line:
                    on_progress("importing", stage, max(stage, STAGES))
                    stage += 1
        if running.returncode:
            output = log.read_text("utf-8")
            if full := NO_ROOM.search(output):
                why = full[0]
            else:
                causes = re.findall(r"^Caused by: ([^\[].+)", output, re.MULTILINE)
                why = _last_line(causes[-1] if causes else output)
            raise WorkError(
                f"{self.admin} could not import the graph and {_end_of(running.returncode)}: {why} ({log}). The "
                f"database {database!r} cannot be used until an import has succeeded: mend what is wrong, then run the "
                "same load again; it begins anew."
            )

    @contextlib.contextmanager
    def _importing(self, files: ImportFiles, database: str, lock: int) -> Iterator[subprocess.Popen[str]]:
        """Run the import in a group of its own; it is ended where the block that reads what it says is left early."""
        with subprocess.Popen(
            [str(self.admin), *files.arguments(database)],
            cwd=files.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            pass_fds=(lock,),
            process_group=0,
        ) as running:
            try:
                yield running
            except BaseException:
                os.killpg(running.pid, signal.SIGKILL)
                raise

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"NEO4J_HOME": str(self.home)}

    def _control(self, word: str) -> None:
        command = [str(self.commands / "neo4j"), word]
        try:
            done = subprocess.run(
                command,
                check=False,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=WAIT,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WorkError(f"`{shlex.join(command)}` failed: {error}. Run it yourself, then load again.") from error
        if done.returncode:
            said = _last_line(done.stdout + done.stderr)
            raise WorkError(f"`{shlex.join(command)}` failed: {said}. Mend what is wrong, then load again.")


def installation_of(server: Server, given: Path | None = None) -> Installation | None:
    """Return the installation that a server runs from, or None where its folder is not ours to write.

    Args:
        server: the server; asked for its folders.
        given: `neo4j-admin`, or the folder that it is in; where None, it is searched for in the server's folder and on
            the PATH.

    Raises:
        UserError: there is no `neo4j-admin` where it is said to be.
    """
    folders = {row["name"].rpartition(".")[2]: Path(row["value"]) for row in server.ask(cypher.FOLDERS)}
    local = _is_local(server.uri) and _is_ours(folders["data"])
    return _with_commands(folders["neo4j_home"], given) if local else None


def installation_at(uri: str, given: Path | None = None) -> Installation | None:
    """Return the installation whose server, which does not run, would answer at an address of this machine.

    Raises:
        UserError: there is no `neo4j-admin` where it is said to be.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(os.environ.get("NEO4J_HOME") or cache / "kedrec" / "neo4j")
    if not _is_local(uri) or not _is_ours(home) or _port_in(home) != (urlsplit(uri).port or 7687):
        return None
    return _with_commands(home, given)


def by_hand(files: ImportFiles, database: str) -> str:
    """Return how to import the files of a graph where we cannot."""
    command = shlex.join(["neo4j-admin", *files.arguments(database)])
    return (
        "Neo4j's folder is not on this machine, or not ours to write, so its owner has to run the import there:\n"
        f"  1. Stop the server, and take its machine to the files in {files.folder}.\n"
        f"  2. In the folder of the files: {command}\n"
        "  3. Start the server, and run this very load again: it finds the graph, counts it and makes it ready."
    )


def _with_commands(home: Path, given: Path | None) -> Installation | None:
    if given:
        commands = given if given.is_dir() else given.parent
        if not (commands / "neo4j-admin").is_file() or not (commands / "neo4j").is_file():
            raise UserError(f"{given} is no neo4j-admin with `neo4j` beside it, nor the folder of both.")
        return Installation(home, commands.resolve())
    found = shutil.which("neo4j-admin", path=os.pathsep.join([str(home / "bin"), os.environ.get("PATH", "")]))
    commands = Path(found).parent if found else home
    return Installation(home, commands) if (commands / "neo4j").is_file() else None


def _is_local(uri: str) -> bool:
    return (urlsplit(uri).hostname or "") in ("127.0.0.1", "::1", "localhost")


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK)


def _port_in(home: Path) -> int | None:
    """Return the Bolt port of a server that was set up in a folder."""
    try:
        lines = (home / "conf" / "neo4j.conf").read_text("utf-8").splitlines()
    except OSError:
        return None
    found = [line.rpartition(":")[2] for line in lines if line.startswith("server.bolt.listen_address=")]
    return int(found[-1]) if found and found[-1].isdigit() else 7687


def _end_of(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with {code}"


def _last_line(said: str) -> str:
    lines: Sequence[str] = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"
