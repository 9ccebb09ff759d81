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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from kedrec.config import Settings
from kedrec.errors import DamagedData, MissingExtra, UserError
from kedrec.locks import writing
from kedrec.records import Corpus, Document, Passage, Record
from kedrec.tools.embedding import available
from kedrec.tools.lexical import LEXICAL_VERSION, LexicalIndex, words
from kedrec.tools.library import GROUPS, Group, Library, Outcome, Shelf
from kedrec.tools.similarity import EMBED, EmbedReport, Progress, Similarity, Standing, fused
from kedrec.tools.sources import Format, read_documents

__all__ = ["AddReport", "EmbedReport", "Literature", "LiteratureInfo", "Progress", "SearchResult"]

AUTO_SECONDS = 60.0
"""Embedding that is projected to take longer is left to `kedrec literature embed` by the setting `auto`."""


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
        self.similarity = Similarity(self.library)
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
            MissingExtra: embedding was asked for and its packages are not installed.
        """
        wish = self._wish(embed)
        with writing(self.folder):
            report = self._add(path, format or "auto", on_progress)
            return self._embed_as_wished(report, wish, on_progress)

    def _wish(self, embed: bool | None) -> Literal["auto", "always", "never"]:
        """Say whether to embed, by the caller or the settings."""
        if embed and not available():
            raise MissingExtra("Embedding passages", "local")
        return self.settings.embed if embed is None else "always" if embed else "never"

    def _add(self, path: Path, format: Format, on_progress: Progress | None) -> AddReport:
        """Add a file so that BM25 finds it."""
        began = time.monotonic()
        with self.library.write() as shelf:
            outcomes = self._put_all(shelf, path, format, on_progress)
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

    def _embed_as_wished(self, report: AddReport, wish: str, on_progress: Progress | None) -> AddReport:
        """Embed what is pending where that was asked for or is quickly done; else say what is left."""
        standing = self.similarity.standing()
        if not standing.to_embed:
            return report
        quick = wish == "auto" and available() and standing.seconds <= AUTO_SECONDS
        if wish == "always" or quick:
            done = self.similarity.embed(on_progress)
            return report.model_copy(update={"embedded": done.embedded, "to_embed": done.to_embed})
        return report.model_copy(update={"to_embed": standing.to_embed, "notes": (_left_to_do(standing),)})

    def embed(self, on_progress: Progress | None = None) -> EmbedReport:
        """Embed every passage that has no vector yet; after a kill or Ctrl-C the next call goes on from there.

        Args:
            on_progress: told how far it is.

        Raises:
            MissingExtra: the packages of the extra `local` are not installed.
            Busy: another process is writing.
        """
        with writing(self.folder):
            return self.similarity.embed(on_progress)

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
            found = self._first_step(indexes, query, require_all_of)
        if not found:
            return SearchResult(hits=(), stages=("bm25",), notes=(_why_nothing(query, groups, bool(indexes)),))
        cosines, note = self.similarity.scores(query, list(found))
        hits = _one_each(_ordered(found, cosines))[:limit]
        stages = ("bm25", "embedding") if cosines else ("bm25",)
        return SearchResult.model_construct(hits=hits, stages=stages, notes=(note,) if note else ())

    def _first_step(
        self, indexes: Sequence[LexicalIndex], query: str, all_of: Sequence[Sequence[str]]
    ) -> dict[int, Passage]:
        """Return the best passages of all indexes together by BM25, best first, by key."""
        limit, found = self.settings.bm25_candidates, list[tuple[int, Passage]]()
        for index in indexes:
            keys, scores = index.search(query, limit, all_of)
            passages = self.library.passages_at(keys.tolist())
            bonus = index.bonus(query, [(passages[key].title, passages[key].text) for key in keys.tolist()])
            for key, score, more in zip(keys.tolist(), scores.tolist(), bonus, strict=True):
                found.append((key, _scored(passages[key], bm25=score + more)))
        found.sort(key=lambda pair: (-pair[1].scores["bm25"], pair[0]))
        return dict(found[:limit])

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
            embedded=self.library.count_embedded(),
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


def _ordered(found: dict[int, Passage], cosines: dict[int, float]) -> list[Passage]:
    """Return the passages in their final order, with their scores."""
    if not cosines:
        return list(found.values())
    order = fused({key: passage.scores["bm25"] for key, passage in found.items()}, cosines)
    return [_scored(found[key], embedding=cosines[key]) for key in order]


def _scored(passage: Passage, **scores: float) -> Passage:
    return passage.model_copy(update={"scores": {**passage.scores, **scores}})


def _left_to_do(standing: Standing) -> str:
    """Say what is left to embed, how long it would take, and how to do it."""
    if not available():
        return "Found by BM25 alone. For the second step install: pip install 'kedrec[local]'"
    minutes = max(1, round(standing.seconds / 60))
    return (
        f"Found by BM25 alone until embedded: {standing.to_embed:,} passages, about {minutes} min at "
        f"{standing.rate:.0f}/s. Run: {EMBED} (it can be stopped and goes on from there)"
    )


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
