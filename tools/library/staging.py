"""What was read of a file, kept beside the library until the whole file is known to be sound.

Each file has a stage of its own, named by a fingerprint of the file and of the way it is read. What was read is written
every few hundred records; after a kill the next reading resumes from there. A file that turns out to be damaged has
touched nothing but its stage.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from kedrec.errors import InputError
from kedrec.records import Document
from kedrec.tools.library.chunks import CHUNKING
from kedrec.tools.sources import Deleted, Dropped, Item, LeftOut, Reading, ReadRecord, Rejected

__all__ = ["Keep", "Stage", "fingerprint"]

Keep = Callable[[Sequence[Document]], Sequence[bool]]
"""Says of each of several documents whether it is to be kept."""
READERS = 2
"""Raised whenever the readers make something else of the same file."""
_BATCH = 500
_ENDS = 1 << 18


def fingerprint(path: Path, how: Reading, kept_by: str = "") -> str:
    """Name a file and the way it is read, by its size, its date of change, its first and last bytes, and the way.

    Args:
        path: The file.
        how: How it is read.
        kept_by: Names what decides which documents are kept.

    Raises:
        InputError: it cannot be read.
    """
    try:
        state = path.stat()
        with path.open("rb") as file:
            ends = file.read(_ENDS)
            file.seek(max(0, state.st_size - _ENDS))
            ends += file.read(_ENDS)
    except FileNotFoundError:
        raise InputError(path, "there is no such file") from None
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from error
    way = f"{READERS} {CHUNKING} {how} {kept_by} {state.st_size} {state.st_mtime_ns}"
    return hashlib.sha256(way.encode() + ends).hexdigest()[:32]


class Stage:
    """What was read of one file so far.

    Args:
        folder: Where the stages are; made where it is missing.
        name: Fingerprint of the file.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}.sqlite"
        try:
            self._connection = self._opened()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._path.unlink()
            self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE IF NOT EXISTS items(record INTEGER, kind TEXT, body TEXT)")
        connection.execute("CREATE TABLE IF NOT EXISTS place(record INTEGER, whole INTEGER)")
        return connection

    @property
    def place(self) -> tuple[int, bool]:
        """Records read so far, and whether that is all of the file."""
        row = self._connection.execute("SELECT record, whole FROM place").fetchone() or (0, 0)
        return int(row[0]), bool(row[1])

    def fill(self, records: Iterable[ReadRecord], keep: Keep | None) -> None:
        """Read on to the end of the file.

        Args:
            records: Those that have not been read, in order.
            keep: Says which documents to keep; all where None.
        """
        held: list[ReadRecord] = []
        for record in records:
            held.append(record)
            if len(held) == _BATCH:
                self._write(held, keep, whole=False)
                held = []
        self._write(held, keep, whole=True)

    def _write(self, records: Sequence[ReadRecord], keep: Keep | None, whole: bool) -> None:
        numbered = _kept([(record.number, item) for record in records for item in record.items], keep)
        last = records[-1].number if records else self.place[0]
        self._connection.execute("BEGIN")
        rows = [(number, *_packed(item)) for number, item in numbered]
        self._connection.executemany("INSERT INTO items VALUES(?, ?, ?)", rows)
        self._connection.execute("DELETE FROM place")
        self._connection.execute("INSERT INTO place VALUES(?, ?)", (last, int(whole)))
        self._connection.execute("COMMIT")

    def changes(self) -> Iterator[Document | Deleted]:
        """Yield what the file brings and what it takes back, in its order."""
        query = "SELECT kind, body FROM items WHERE kind IN ('document', 'deleted') ORDER BY rowid"
        for kind, body in self._connection.execute(query):
            yield Document.model_validate_json(body) if kind == "document" else Deleted(body)

    def rejected(self) -> Iterator[Rejected]:
        """Yield the records that could not be read."""
        for (body,) in self._connection.execute("SELECT body FROM items WHERE kind = 'rejected' ORDER BY rowid"):
            yield Rejected(*json.loads(body))

    def left_out(self) -> Counter[str]:
        """Count what was left out, by the reason."""
        query = "SELECT body, count(*) FROM items WHERE kind = 'left out' GROUP BY body"
        return Counter(dict(self._connection.execute(query)))

    def dropped(self) -> Iterator[Dropped]:
        """Yield the fields that are not understood."""
        for (body,) in self._connection.execute("SELECT body FROM items WHERE kind = 'dropped' ORDER BY rowid"):
            yield Dropped(*json.loads(body))

    def close(self, *, discard: bool) -> None:
        """Close it, and delete it where it is of no further use."""
        self._connection.close()
        if discard:
            self._path.unlink(missing_ok=True)


def _kept(items: list[tuple[int, Item]], keep: Keep | None) -> list[tuple[int, Item]]:
    """Put a note in place of each document that is not to be kept."""
    documents = [item for _, item in items if isinstance(item, Document)]
    if keep is None or not documents:
        return items
    verdicts = iter(keep(documents))
    return [
        (number, LeftOut(item.id, "no known drug") if isinstance(item, Document) and not next(verdicts) else item)
        for number, item in items
    ]


def _packed(item: Item) -> tuple[str, str]:
    """Return kind and content of an item as text."""
    if isinstance(item, Document):
        return "document", item.model_dump_json()
    if isinstance(item, Deleted):
        return "deleted", item.id
    if isinstance(item, LeftOut):
        return "left out", item.reason
    if isinstance(item, Dropped):
        return "dropped", json.dumps([item.id, item.field, item.value])
    return "rejected", json.dumps([item.place, item.id, item.reason])
