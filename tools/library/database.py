"""Documents and passages on disk: one SQLite file, which is also the manifest of everything derived from it.

What a file brings is one transaction: after a kill the library is what it was before. Readers see the last commit,
whatever a writer is doing. A passage is stored as offsets and cut out of its document when read; its key is never used
again, so that an index made earlier finds it or nothing.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from kedrec.errors import DamagedData
from kedrec.records import Corpus, Document, Passage, Section
from kedrec.tools.library.chunks import passage_id, section_text
from kedrec.tools.library.disk import disk_errors_explained
from kedrec.tools.library.filters import Cut, DocumentFilter
from kedrec.tools.library.schema import connect
from kedrec.tools.library.writer import GROUPS, CorpusGroup, LibraryWriter, WriteOutcome, embedded_text, passage_sha

__all__ = ["CORPORA", "GROUPS", "CorpusGroup", "Library", "LibraryWriter", "WriteOutcome", "embedded_text", "members"]

CORPORA: tuple[Corpus, ...] = ("pubmed", "pmc", "trials")
FILE = "library.sqlite"

_DOCUMENT = (
    "d.id, d.corpus, d.title, d.text, d.year, d.mesh, d.phase, d.status, d.note, d.date, d.types, "
    "max(d.retracted, coalesce(w.retracted, 0)), d.sections, d.twin, d.edition "
    "FROM documents d LEFT JOIN documents w ON w.id = d.twin"
)
_PASSAGE = (
    "p.key, p.section, p.number, p.start, p.end, d.id, d.corpus, d.title, d.text, d.year, d.phase, d.status, d.note, "
    "d.date, d.types, max(d.retracted, coalesce(w.retracted, 0)) "
    "FROM passages p JOIN documents d ON d.key = p.document LEFT JOIN documents w ON w.id = d.twin"
)
"""A full text is retracted where its citation in PubMed is."""
_PENDING = "FROM passages WHERE sha NOT IN (SELECT sha FROM embedded)"


def members(corpus: CorpusGroup | Corpus | None) -> tuple[Corpus, ...]:
    """Return the corpora that a filter means; all of them for None."""
    if corpus is None:
        return CORPORA
    return GROUPS.get(corpus, (corpus,))  # type: ignore[arg-type]


class Library:
    """The documents and passages below a folder; safe to use from several threads.

    Args:
        folder: Where the library is or will be; nothing is made there by reading.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._file = folder, folder / FILE
        self._lock = threading.RLock()
        self._held: sqlite3.Connection | None = None
        self._empty = True

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view: everything read inside belongs to the same commit."""
        with self._lock, disk_errors_explained(self._file):
            if self._held is None or (self._empty and self._file.exists()):
                self._empty = not self._file.exists()
                self._held = connect(":memory:" if self._empty else self._file)
            connection = self._held
            outermost = not connection.in_transaction
            if outermost:
                connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if outermost:
                    connection.rollback()

    @contextmanager
    def write(self) -> Iterator[LibraryWriter]:
        """One transaction that is kept whole or not at all; the caller holds the folder's writer lock."""
        connection = connect(self._file)
        try:
            with disk_errors_explained(self._file), _taken_back(connection):
                connection.execute("BEGIN IMMEDIATE")
                yield LibraryWriter(connection)
                connection.commit()
            with suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()

    def manifest(self, name: str) -> str:
        """Return an entry of the manifest; empty if there is none."""
        with self.read() as connection:
            row = connection.execute("SELECT value FROM manifest WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def counts(self, table: Literal["documents", "passages"]) -> dict[Corpus, int]:
        """Return the number of documents or passages of each corpus."""
        source = "documents d" if table == "documents" else "passages p JOIN documents d ON d.key = p.document"
        with self.read() as connection:
            found = dict(connection.execute(f"SELECT d.corpus, count(*) FROM {source} GROUP BY d.corpus"))
        return {corpus: found.get(corpus, 0) for corpus in CORPORA}

    def documents(
        self, corpus: CorpusGroup | Corpus | None = None, only: DocumentFilter | None = None
    ) -> Iterator[Document]:
        """Yield the documents in the order in which they came; what is added meanwhile is not seen."""
        if not self._file.exists():
            return
        connection = connect(self._file)
        try:
            wanted = members(corpus)
            condition, values = (only or DocumentFilter()).where()
            marks = ",".join("?" * len(wanted))
            query = f"SELECT {_DOCUMENT} WHERE d.corpus IN ({marks}) AND {condition} ORDER BY d.key"
            with disk_errors_explained(self._file):
                rows = connection.execute(query, [*wanted, *values])
            while (row := self._next(rows)) is not None:
                yield _document(row)
        finally:
            connection.close()

    def _next(self, rows: sqlite3.Cursor) -> Any:
        with disk_errors_explained(self._file):
            return rows.fetchone()

    def document(self, identifier: str) -> Document | None:
        """Return one document; None if no document has that id."""
        with self.read() as connection:
            row = connection.execute(f"SELECT {_DOCUMENT} WHERE d.id = ?", (identifier,)).fetchone()
        return _document(row) if row else None

    def passages(self, identifier: str) -> list[Passage]:
        """Return the passages of one document in order; none where there is no such document."""
        with self.read() as connection:
            rows = connection.execute(f"SELECT {_PASSAGE} WHERE d.id = ? ORDER BY p.key", (identifier,)).fetchall()
        return [_passage(row) for row in rows]

    def keys(self, only: DocumentFilter) -> list[int]:
        """Return the keys of all passages of the documents selected, in order."""
        condition, values = only.where()
        query = f"SELECT p.key FROM passages p JOIN documents d ON d.key = p.document WHERE {condition} ORDER BY p.key"
        with self.read() as connection:
            return [key for (key,) in connection.execute(query, values)]

    def holds(self, identifier: str, only: DocumentFilter) -> bool:
        """Say whether a document is among those selected."""
        condition, values = only.where()
        with self.read() as connection:
            query = f"SELECT 1 FROM documents d WHERE d.id = ? AND {condition}"
            return connection.execute(query, [identifier, *values]).fetchone() is not None

    def cut(self, until: str) -> Cut:
        """Count what a cut by date leaves."""
        condition, values = DocumentFilter(until=until).where()
        query = f"SELECT count(*), count(last_day), sum({condition}) FROM documents d"
        with self.read() as connection:
            total, dated, within = connection.execute(query, values).fetchone()
        return Cut(until=until, within=within or 0, later=dated - (within or 0), undated=total - dated)

    def count(self, what: Literal["retracted", "undated", "rejected"]) -> int:
        """Count retracted documents, those without a date that a cut could go by, or records that could not be read."""
        source = {"retracted": "documents WHERE retracted", "undated": "documents WHERE last_day IS NULL"}
        with self.read() as connection:
            return int(connection.execute(f"SELECT count(*) FROM {source.get(what, what)}").fetchone()[0])

    def content_sha256(self) -> str:
        """Return the hash of all documents, whatever their order, as it was noted or anew; empty if there are none."""
        if noted := self.manifest("content_sha256"):
            return noted
        with self.read() as connection:
            return LibraryWriter(connection).content_sha256()

    def settled(self, fingerprint: str) -> int | None:
        """Return how many documents a file brought, where reading it again would change nothing; else None.

        It would where a later file replaced or deleted documents, unless revisions tell which is newer.
        """
        later = "SELECT 1 FROM files l WHERE l.serial > f.serial AND l.changed > 0"
        query = f"SELECT documents FROM files f WHERE fingerprint = ? AND (editions OR NOT EXISTS ({later}))"
        with self.read() as connection:
            row = connection.execute(query, (fingerprint,)).fetchone()
        return int(row[0]) if row else None

    def rejected(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield file, place, id and reason of every record that could not be read."""
        with self.read() as connection:
            yield from connection.execute("SELECT file, place, id, reason FROM rejected ORDER BY rowid").fetchall()

    def documents_of(self, keys: Sequence[int]) -> dict[int, int]:
        """Return the key of the document of each of these passages that is there."""
        marks = ",".join("?" * len(keys))
        with self.read() as connection:
            return dict(connection.execute(f"SELECT key, document FROM passages WHERE key IN ({marks})", list(keys)))

    def passages_at(self, keys: Sequence[int]) -> dict[int, Passage]:
        """Return passages by their keys."""
        marks = ",".join("?" * len(keys))
        with self.read() as connection:
            rows = connection.execute(f"SELECT {_PASSAGE} WHERE p.key IN ({marks})", list(keys)).fetchall()
        return {row[0]: _passage(row) for row in rows}

    def embedded(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the hash of each of the passages that is embedded."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT p.key, p.sha FROM passages p JOIN embedded e ON e.sha = p.sha WHERE p.key IN ({marks})"
        with self.read() as connection:
            return {key: sha.hex() for key, sha in connection.execute(query, list(keys))}

    def count_embedded(self) -> int:
        """Count the passages that are embedded."""
        with self.read() as connection:
            query = "SELECT count(*) FROM passages p JOIN embedded e ON e.sha = p.sha"
            return int(connection.execute(query).fetchone()[0])

    def count_marks(self) -> int:
        """Count the texts that were embedded, each once, those of former documents included."""
        with self.read() as connection:
            return int(connection.execute("SELECT count(*) FROM embedded").fetchone()[0])

    def count_pending(self) -> int:
        """Count the texts that are not embedded, each once."""
        with self.read() as connection:
            return int(connection.execute(f"SELECT count(DISTINCT sha) {_PENDING}").fetchone()[0])

    def count_texts(self) -> int:
        """Count the different texts of all passages."""
        with self.read() as connection:
            return int(connection.execute("SELECT count(DISTINCT sha) FROM passages").fetchone()[0])

    def pending(self, limit: int) -> dict[str, str]:
        """Return hash and text of what is to be embedded next, in the order in which it came."""
        first = f"SELECT min(key) AS first {_PENDING} GROUP BY sha ORDER BY 1 LIMIT ?"
        query = f"SELECT {_PASSAGE} JOIN ({first}) ON first = p.key ORDER BY p.key"
        with self.read() as connection:
            found = [_passage(row) for row in connection.execute(query, (limit,))]
        texts = (embedded_text(passage.title, passage.text, passage.section) for passage in found)
        return {passage_sha(text).hex(): text for text in texts}

    def mark_embedded(self, hashes: Collection[str]) -> None:
        """Note that these have a vector now; the caller holds the folder's writer lock."""
        with self.write() as writer:
            rows = [(bytes.fromhex(value),) for value in hashes]
            writer.connection.executemany("INSERT OR IGNORE INTO embedded VALUES(?)", rows)

    def forget_embedded(self) -> None:
        """Take all such notes back; the caller holds the folder's writer lock."""
        with self.write() as writer:
            writer.connection.execute("DELETE FROM embedded")


@contextmanager
def _taken_back(connection: sqlite3.Connection) -> Iterator[None]:
    """End the transaction where it fails: a query that is not read to its end would hold it open past the close."""
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise


def _document(row: Sequence[Any]) -> Document:
    """Make a document of a row; it was checked when it came in."""
    identifier, corpus, title, text, year, mesh, phase, status, note, date, types, retracted, sections, *rest = row
    twin, edition = rest
    try:
        parted = tuple(Section.model_construct(name=name, start=start) for name, start in json.loads(sections or "[]"))
    except (ValueError, TypeError) as error:
        raise DamagedData(f"{FILE} is damaged ({error}); move it away and add the files again") from error
    return Document.model_construct(
        id=identifier, corpus=corpus, title=title, text=text, year=year, mesh=_lines(mesh), phase=phase, status=status,
        note=bool(note), date=date, types=_lines(types), retracted=bool(retracted), sections=parted,
        twin=twin, edition=edition,
    )  # fmt: skip


def _lines(value: str) -> tuple[str, ...]:
    return tuple(value.split("\n")) if value else ()


def _passage(row: Sequence[Any]) -> Passage:
    """Make a passage of a row."""
    _, section, number, start, end, document, corpus, title, text, year, phase, status, note, *rest = row
    date, types, retracted = rest
    body = section_text(title, text, section)[start:end]
    return Passage.model_construct(
        id=passage_id(document, section, number), document_id=document, corpus=corpus, title=title,
        section=section, text=body, start=start, end=end, year=year, phase=phase, status=status, note=bool(note),
        date=date, types=_lines(types), retracted=bool(retracted), scores={},
    )  # fmt: skip
