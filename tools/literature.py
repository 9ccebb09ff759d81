"""The literature index: add files, search in two steps, read documents back.

BM25 takes the first candidates, embeddings rerank them where they exist; without them BM25 answers alone and the result
says so. `articles` (PubMed and PMC) and `trials` are separate: each has its own lexical index, so a filter costs
nothing.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kedrec.config import Settings
from kedrec.errors import DamagedData, UserError
from kedrec.records import Corpus, Document, Passage, Record
from kedrec.tools.lexical import LEXICAL_VERSION, LexicalIndex, words
from kedrec.tools.library import GROUPS, Group, Library, Outcome, Shelf
from kedrec.tools.locks import writing
from kedrec.tools.sources import Format, read_documents

__all__ = ["AddReport", "Literature", "LiteratureInfo", "Progress", "SearchResult"]

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much is done, and how much there is where that is known."""


class AddReport(Record):
    """What adding a file did."""

    path: str
    """The file."""
    added: int
    """Documents that were new."""
    replaced: int
    """Documents that took the place of one with the same id."""
    unchanged: int
    """Documents that were there already."""
    seconds: float
    """Wall-clock until all could be found by BM25."""
    embedded: int = 0
    """Passages embedded now."""
    to_embed: int = 0
    """Passages that still have no embedding, in the whole library."""
    notes: tuple[str, ...] = ()
    """What is left to do, in words."""


class SearchResult(Record):
    """Passages found for a query."""

    hits: tuple[Passage, ...]
    """At most one of each document, best first, with scores by stage."""
    stages: tuple[str, ...]
    """Stages that took part: `bm25`, and `embedding` where the candidates were reranked."""
    notes: tuple[str, ...] = ()
    """Why a stage is missing, or why nothing was found."""


class LiteratureInfo(Record):
    """What the library holds."""

    documents: dict[Corpus, int]
    """Documents of each corpus."""
    passages: dict[Corpus, int]
    """Passages of each corpus."""
    embedded: int
    """Passages with an embedding."""
    bytes: int
    """Size on disk."""
    content_sha256: str
    """Hash of all documents; empty where there are none."""


class Literature:
    """All literature below one folder.

    Args:
        folder: Where it lives.
        settings: Settings; `bm25_candidates` and `embed` are read.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.library = Library(folder)
        self._loaded: dict[Group, tuple[str, LexicalIndex]] = {}

    @classmethod
    def open(cls, folder: Path, settings: Settings) -> Literature:
        """Open the literature of a folder; an empty one is made by the first `add`."""
        return cls(folder, settings)

    @property
    def content_sha256(self) -> str:
        """Hash of all documents, whatever their order; empty where there are none."""
        return self.library.manifest("content_sha256")

    def documents(self, corpus: Group | Corpus | None = None) -> Iterator[Document]:
        """Yield all documents, or those of one corpus, in the order in which they came."""
        return self.library.documents(corpus)

    def document(self, identifier: str) -> Document | None:
        """Return one document; None where there is none of that id."""
        return self.library.document(identifier)

    def passages(self, document_id: str) -> list[Passage]:
        """Return the passages of one document in order."""
        return self.library.passages(document_id)

    def add(
        self,
        path: Path,
        format: Format | None = None,
        embed: bool | None = None,
        on_progress: Progress | None = None,
    ) -> AddReport:
        """Add a file: all of it or, where a line does not fit, nothing.

        A document whose id is there already is left alone where nothing differs and replaced where something does; so
        the last of several with one id in a file wins.

        Args:
            path: JSONL file, gzipped or not.
            format: `jsonl`, or `auto` (as None) to look into the file.
            embed: whether to embed at once; None follows the setting `embed`.
            on_progress: told how far it is.

        Raises:
            InputError: the file or a line of it does not fit; with the line's number.
            Busy: another process is writing.
        """
        began = time.monotonic()
        with writing(self.folder):
            with self.library.write() as shelf:
                outcomes = self._put_all(shelf, path, format or "auto", on_progress)
                self._index(shelf, {group for group, _ in outcomes}, on_progress)
                shelf.note("content_sha256", shelf.content_sha256())
            self._sweep()
        totals: Counter[Outcome] = Counter()
        for (_, outcome), count in outcomes.items():
            totals[outcome] += count
        return AddReport(
            path=str(path), added=totals["added"], replaced=totals["replaced"], unchanged=totals["unchanged"],
            seconds=time.monotonic() - began,
        )  # fmt: skip

    def _put_all(
        self, shelf: Shelf, path: Path, format: Format, on_progress: Progress | None
    ) -> Counter[tuple[Group, Outcome]]:
        """Put all documents of a file; count by group and outcome."""
        outcomes: Counter[tuple[Group, Outcome]] = Counter()
        size = path.stat().st_size if path.is_file() else 0
        on_bytes = (lambda done: on_progress("reading", done, size)) if on_progress else None
        for document in read_documents(path, format, on_bytes):
            group: Group = "trials" if document.corpus == "trials" else "articles"
            outcomes[group, shelf.put(document)] += 1
        return outcomes

    def _index(self, shelf: Shelf, groups: set[Group], on_progress: Progress | None) -> None:
        """Build the lexical index of each group whose passages are not the ones it was built from."""
        for group in sorted(groups):
            name = _index_name(shelf, group)
            if on_progress:
                on_progress(f"indexing {group}", 0, None)
            if not (self.folder / "lexical" / name).is_dir():
                (self.folder / "lexical").mkdir(exist_ok=True)
                LexicalIndex.build(shelf.texts(group)).save(self.folder / "lexical" / name)
            shelf.note(f"lexical {group}", name)

    def _sweep(self) -> None:
        """Delete lexical indexes that the manifest does not name: former ones, and what a kill left."""
        kept = {self.library.manifest(f"lexical {group}") for group in GROUPS}
        for stale in (self.folder / "lexical").glob("*"):
            if stale.name not in kept:
                shutil.rmtree(stale, ignore_errors=True)

    def search(
        self,
        query: str,
        corpus: Group | None = None,
        limit: int = 10,
        require_all_of: Sequence[Sequence[str]] = (),
    ) -> SearchResult:
        """Find passages.

        Args:
            query: Words, in any order.
            corpus: `articles` or `trials`; both where None.
            limit: Most hits to return, one for each document.
            require_all_of: Groups of phrases, such as the names of a drug and the names of a disease; a passage is
                found only where title and
                text hold, of each group, all words of at least one phrase (stemmed, in any order).

        Raises:
            UserError: the corpus is unknown or the limit below 1.
            DamagedData: the index on disk cannot be read.
        """
        groups = _groups(corpus)
        if limit < 1:
            raise UserError(f"limit {limit} is below 1; ask for at least one hit")
        with self.library.read():
            indexes = [index for group in groups if (index := self._lexical(group))]
            found = _first_step(indexes, query, self.settings.bm25_candidates, require_all_of)
            passages = self.library.passages_at([key for key, _ in found])
        hits = [passages[key].model_copy(update={"scores": {"bm25": score}}) for key, score in found]
        notes = () if hits else (_why_nothing(query, groups, bool(indexes)),)
        return SearchResult.model_construct(hits=_one_each(hits)[:limit], stages=("bm25",), notes=notes)

    def _lexical(self, group: Group) -> LexicalIndex | None:
        """Return the lexical index that the manifest names, loaded once."""
        name = self.library.manifest(f"lexical {group}")
        held = self._loaded.get(group)
        if not name or (held and held[0] == name):
            return held[1] if held and name else None
        try:
            index = LexicalIndex.load(self.folder / "lexical" / name)
        except FileNotFoundError:
            raise DamagedData(
                f"{self.folder}/lexical/{name} is missing; add any file of {group} again to build it"
            ) from None
        self._loaded[group] = (name, index)
        return index

    def info(self) -> LiteratureInfo:
        """Count what there is."""
        return LiteratureInfo(
            documents=self.library.counts("documents"),
            passages=self.library.counts("passages"),
            embedded=0,
            bytes=sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file()),
            content_sha256=self.content_sha256,
        )


def _groups(corpus: Group | None) -> tuple[Group, ...]:
    if corpus is None:
        return tuple(GROUPS)
    if corpus not in GROUPS:
        raise UserError(f"unknown corpus {corpus!r}; there are {' and '.join(GROUPS)}")
    return (corpus,)


def _index_name(shelf: Shelf, group: Group) -> str:
    """Name an index by what it is made of."""
    digest = hashlib.sha256(LEXICAL_VERSION.encode())
    for key, title, text in shelf.texts(group):
        digest.update(f"{key}\0{title}\0{text}\0".encode())
    return f"{group}-{digest.hexdigest()[:16]}"


def _first_step(
    indexes: Sequence[LexicalIndex], query: str, limit: int, all_of: Sequence[Sequence[str]]
) -> list[tuple[int, float]]:
    """Return keys and BM25 scores of the best passages of all indexes together, best first."""
    found: list[tuple[int, float]] = []
    for index in indexes:
        keys, scores = index.search(query, limit, all_of)
        found += zip(keys.tolist(), scores.tolist(), strict=True)
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]


def _one_each(hits: Sequence[Passage]) -> tuple[Passage, ...]:
    """Keep the best passage of each document."""
    best: dict[str, Passage] = {}
    for hit in hits:
        best.setdefault(hit.document_id, hit)
    return tuple(best.values())


def _why_nothing(query: str, groups: Sequence[Group], filled: bool) -> str:
    """Say why there are no hits."""
    if not filled:
        return f"There are no {' or '.join(groups)} yet. Add some with: kedrec literature add FILE"
    return "No passage has these words." if words(query) else "The query has no words."
