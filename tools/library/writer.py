"""Writing into the library: one open transaction."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Literal

from kedrec.records import Corpus, Document
from kedrec.tools.library.chunks import CHUNKING, ChunkSpan, section_text, spans
from kedrec.tools.sources import Rejected, dates

__all__ = ["GROUPS", "CorpusGroup", "LibraryWriter", "WriteOutcome", "embedded_text", "group_of", "passage_sha"]

CorpusGroup = Literal["articles", "trials"]
GROUPS: dict[CorpusGroup, tuple[Corpus, ...]] = {"articles": ("pubmed", "pmc"), "trials": ("trials",)}
"""What is searched as one, and the corpora in it."""
WriteOutcome = Literal["added", "replaced", "unchanged", "older"]
"""What became of a document that was written; a revision older than the stored one is passed over."""
_COLUMNS = (
    "key, id, corpus, title, text, year, mesh, phase, status, note, sha, date, last_day, types, retracted, sections, "
    "twin, edition"
)


def group_of(corpus: Corpus) -> CorpusGroup:
    """Return the group that a corpus is searched in."""
    return "trials" if corpus == "trials" else "articles"


class LibraryWriter:
    """The open transaction of a writer.

    Args:
        connection: Connection inside a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def put(self, document: Document) -> WriteOutcome:
        """Add a document, or put it in place of the one with its id; the same one again changes nothing.

        An older revision changes nothing either. A source that tells no revisions cannot take a retraction back.
        """
        query = "SELECT key, sha, edition, retracted FROM documents WHERE id = ?"
        old = self.connection.execute(query, (document.id,)).fetchone()
        if old is None:
            self._insert(None, document)
            return "added"
        key, sha, edition, retracted = old
        if document.edition and document.edition < edition:
            return "older"
        if retracted and not document.edition:
            document = document.model_copy(update={"retracted": True})
        if sha == document_sha(document):
            self.connection.execute(
                "UPDATE documents SET edition = ? WHERE key = ?", (document.edition or edition, key)
            )
            return "unchanged"
        self._take_out(key)
        self._insert(key, document)
        return "replaced"

    def remove(self, identifier: str) -> CorpusGroup | None:
        """Delete a document; say in which group it was, None where there was none of that id."""
        old = self.connection.execute("SELECT key, corpus FROM documents WHERE id = ?", (identifier,)).fetchone()
        if old is None:
            return None
        self._take_out(old[0])
        return group_of(old[1])

    def _take_out(self, key: int) -> None:
        self.connection.execute("DELETE FROM passages WHERE document = ?", (key,))
        self.connection.execute("DELETE FROM document_types WHERE document = ?", (key,))
        self.connection.execute("DELETE FROM documents WHERE key = ?", (key,))

    def _insert(self, key: int | None, document: Document) -> None:
        # The day by which the text was public; the year of a trial is when it began, and tells nothing of that.
        last_day: str | None
        if document.date:
            last_day = dates.last_day(document.date)
        else:
            last_day = f"{document.year}-12-31" if document.year and document.corpus != "trials" else None
        row = (
            key, document.id, document.corpus, document.title, document.text, document.year, "\n".join(document.mesh),
            document.phase, document.status, int(document.note), document_sha(document), document.date,
            last_day, "\n".join(document.types), int(document.retracted), _sections(document),
            document.twin, document.edition,
        )  # fmt: skip
        marks = ",".join("?" * len(row))
        number = self.connection.execute(f"INSERT INTO documents({_COLUMNS}) VALUES({marks})", row).lastrowid
        self.connection.executemany(
            "INSERT INTO passages(document, section, number, start, end, sha) VALUES(?,?,?,?,?,?)",
            [(number, *_span_row(document, span)) for span in spans(document)],
        )
        types = {name.lower() for name in document.types}
        self.connection.executemany(
            "INSERT INTO document_types VALUES(?,?)", [(number, name) for name in sorted(types)]
        )

    def texts(self, group: CorpusGroup) -> Iterator[tuple[int, str, str]]:
        """Yield key, title and text of each passage of a group, in the order of the keys."""
        wanted = GROUPS[group]
        marks = ",".join("?" * len(wanted))
        query = (
            "SELECT p.key, p.section, p.start, p.end, d.title, d.text FROM passages p "
            f"JOIN documents d ON d.key = p.document WHERE d.corpus IN ({marks}) ORDER BY p.key"
        )
        for key, section, start, end, title, text in self.connection.execute(query, wanted):
            yield key, title, "" if section == "title" else text[start:end]

    def note(self, name: str, value: str) -> None:
        """Write an entry of the manifest."""
        self.connection.execute("INSERT OR REPLACE INTO manifest VALUES(?, ?)", (name, value))

    def noted(self, name: str) -> str:
        """Return an entry of the manifest; empty if there is none."""
        row = self.connection.execute("SELECT value FROM manifest WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def note_file(self, fingerprint: str, name: str, documents: int, *, editions: bool, changed: int) -> None:
        """Note that a file is in.

        Args:
            fingerprint: Of the file and the way it was read.
            name: Name of the file.
            documents: Documents that it brought.
            editions: Whether each of them tells its revision.
            changed: Documents that it replaced or deleted.
        """
        self.connection.execute(
            "INSERT OR REPLACE INTO files VALUES(?, (SELECT coalesce(max(serial), 0) + 1 FROM files), ?, ?, ?, ?)",
            (fingerprint, name, documents, int(editions), changed),
        )

    def note_rejected(self, name: str, rejected: Iterable[Rejected]) -> None:
        """Note the records of a file that could not be read, in place of what was noted of it before."""
        self.connection.execute("DELETE FROM rejected WHERE file = ?", (name,))
        rows = [(name, row.place, row.id, row.reason) for row in rejected]
        self.connection.executemany("INSERT INTO rejected VALUES(?, ?, ?, ?)", rows)

    def content_sha256(self) -> str:
        """Hash all documents, in an order that does not depend on how they came; empty if there are none."""
        digest, known = hashlib.sha256(), False
        for identifier, sha in self.connection.execute("SELECT id, sha FROM documents ORDER BY id"):
            digest.update(identifier.encode() + b"\0" + sha)
            known = True
        return digest.hexdigest() if known else ""


def document_sha(document: Document) -> bytes:
    """Hash what makes a document the same one, and the way it is cut."""
    values = [document.id, document.title, document.text, document.year, document.mesh, document.phase, document.status]
    later = [document.date, document.types, document.retracted, _sections(document), document.twin]
    told = [document.note, later] if any(later) else [document.note]
    return hashlib.sha256(json.dumps([CHUNKING, *values, *told]).encode()).digest()[:16]


def _sections(document: Document) -> str:
    return json.dumps([(section.name, section.start) for section in document.sections]) if document.sections else ""


def _span_row(document: Document, span: ChunkSpan) -> tuple[str, int, int, int, bytes]:
    text = section_text(document.title, document.text, span.section)[span.start : span.end]
    sha = passage_sha(embedded_text(document.title, text, span.section))
    return span.section, span.number, span.start, span.end, sha


def passage_sha(text: str) -> bytes:
    """Hash what is embedded of a passage."""
    return hashlib.sha256(text.encode()).digest()[:16]


def embedded_text(title: str, text: str, section: str) -> str:
    """Return what is embedded of a passage: its document's title and its text."""
    return text if section == "title" or not title else f"{title}\n{text}"
