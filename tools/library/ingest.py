"""Adding a file to the library: read to the end beside it first, then taken over in one transaction."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from kedrec.errors import InputError
from kedrec.records import Document, Record
from kedrec.tools.library.database import Library
from kedrec.tools.library.staging import Stage, fingerprint
from kedrec.tools.library.writer import CorpusGroup, LibraryWriter, WriteOutcome, group_of
from kedrec.tools.sources import Dropped, Reading, read
from kedrec.tools.text.drug_filter import DrugFilter

__all__ = ["AddReport", "Adder", "Index", "OnProgress", "write_rejected"]

OnProgress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much is done, and how much there is where that is known."""
Index = Callable[[LibraryWriter, set[CorpusGroup]], None]
"""Called within the transaction with the groups that changed."""
_TOLD_EVERY = 2000


class AddReport(Record):
    """What adding a file did."""

    path: str
    """The file."""
    added: int = 0
    """Documents that were new."""
    replaced: int = 0
    """Documents that took the place of one with the same id."""
    unchanged: int = 0
    """Documents that were there already."""
    older: int = 0
    """Documents of which a newer revision was there already."""
    deleted: int = 0
    """Documents that were there and that the file takes back."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Sound records that are not kept, by the reason."""
    dropped: dict[str, int] = Field(default_factory=dict)
    """Documents kept without a field that is not understood, by its name."""
    rejected: int = 0
    """Records that could not be read; they are listed in `rejected.tsv` beside the library."""
    retracted: int = 0
    """Documents of the file that were retracted."""
    skipped: bool = False
    """True where the file had been added before and reading it again would change nothing."""
    resumed_at: int = 0
    """Records that an earlier run, which was stopped, had read."""
    seconds: float = 0.0
    """Wall-clock until all could be found by BM25, or until the next file was begun."""
    embedded: int = 0
    """Passages embedded now."""
    to_embed: int = 0
    """Passages that still have no embedding, in the whole library."""
    notes: tuple[str, ...] = ()
    """What was not understood and what is left to do, in words."""


@dataclass(frozen=True)
class Adder:
    """Adds files to a library; the caller holds the folder's writer lock."""

    library: Library
    """The library."""
    how: Reading
    """How files are read."""
    keep: DrugFilter | None = None
    """Says which documents are kept; all where None."""
    on_progress: OnProgress | None = None
    """Called with the progress."""
    ahead: Callable[[Path], int] | None = None
    """Waits until a file has been read elsewhere, and returns how much of it had been read before; here where None."""

    def add(self, path: Path, index: Index, *, again: bool = False) -> AddReport:
        """Add a file.

        Args:
            path: The file.
            index: Called before the transaction is committed.
            again: Read the file even where that would change nothing.

        Raises:
            InputError: it cannot be read; the library is what it was.
        """
        began = time.monotonic()
        there = self.ahead(path) if self.ahead else None
        name = fingerprint(path, self.how, self.keep.name if self.keep else "")
        known = None if again else self.library.settled(name)
        if known is not None:
            return AddReport(path=str(path), unchanged=known, skipped=True)
        stage, sound = Stage(self.library.folder / "staged", name), False
        try:
            here = self._read(path, stage)
            report = self._take_over(path, stage, name, index)
            sound = True
        except InputError:
            sound = True
            raise
        finally:
            stage.close(discard=sound)
        before = here if there is None else there
        return report.model_copy(update={"resumed_at": before, "seconds": time.monotonic() - began})

    def _read(self, path: Path, stage: Stage) -> int:
        """Read the file to its end; return how much of it had been read before."""
        place, whole = stage.place
        size = path.stat().st_size
        told = self.on_progress
        on_bytes = (lambda done: told("reading", done, size)) if told else None
        if not whole:
            stage.fill(read(path, self.how, place, on_bytes), self.keep)
        return place

    def _take_over(self, path: Path, stage: Stage, name: str, index: Index) -> AddReport:
        """Bring what was read into the library, in one transaction."""
        rejected, left_out, dropped = list(stage.rejected()), stage.left_out(), list(stage.dropped())
        with self.library.write() as writer:
            counts = _Counts()
            for number, change in enumerate(stage.changes(), 1):
                if isinstance(change, Document):
                    counts.put(change, writer.put(change))
                else:
                    counts.took_back(writer.remove(change.id))
                if self.on_progress and number % _TOLD_EVERY == 0:
                    self.on_progress("storing", number, None)
            if rejected and not (counts.documents or left_out or counts.deleted):
                first = rejected[0]
                raise InputError(
                    path, f"none of its {len(rejected):,} records could be read; {first.place}: {first.reason}"
                )
            changed = counts.outcomes["replaced"] + counts.deleted
            writer.note_file(name, path.name, counts.documents, editions=counts.editions, changed=changed)
            writer.note_rejected(path.name, rejected)
            index(writer, counts.groups)
        return AddReport(
            path=str(path), added=counts.outcomes["added"], replaced=counts.outcomes["replaced"],
            unchanged=counts.outcomes["unchanged"], older=counts.outcomes["older"], deleted=counts.deleted,
            left_out=dict(left_out), rejected=len(rejected), retracted=counts.retracted,
            dropped=dict(Counter(one.field for one in dropped)), notes=tuple(_not_understood(dropped)),
        )  # fmt: skip


def _not_understood(dropped: Sequence[Dropped]) -> Iterator[str]:
    """Say, for each field, how many documents were kept without it, and what it held in the first."""
    for field, count in Counter(one.field for one in dropped).items():
        first = next(one for one in dropped if one.field == field)
        records = "1 record was" if count == 1 else f"{count:,} records were"
        yield f"{records} kept without a {field} that is not understood, such as {first.value!r} of {first.id}"


class _Counts:
    """What became of the documents of a file."""

    def __init__(self) -> None:
        self.outcomes: Counter[WriteOutcome] = Counter()
        self.groups: set[CorpusGroup] = set()
        self.deleted = self.retracted = self.documents = 0
        self.editions = True

    def put(self, document: Document, outcome: WriteOutcome) -> None:
        """Count a document that was put into the library."""
        self.documents += 1
        self.outcomes[outcome] += 1
        self.retracted += document.retracted
        self.editions &= bool(document.edition)
        if outcome in ("added", "replaced"):
            self.groups.add(group_of(document.corpus))

    def took_back(self, group: CorpusGroup | None) -> None:
        """Count a deletion; None where there was nothing to delete."""
        if group is not None:
            self.deleted += 1
            self.groups.add(group)


def write_rejected(library: Library) -> None:
    """Write the list of all records that could not be read beside the library; none, no list."""
    path, rows = library.folder / "rejected.tsv", list(library.rejected())
    if not rows:
        path.unlink(missing_ok=True)
        return
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as file:
        file.write("file\tplace\tid\treason\n")
        file.writelines("\t".join(" ".join(value.split()) for value in row) + "\n" for row in rows)
    draft.rename(path)
