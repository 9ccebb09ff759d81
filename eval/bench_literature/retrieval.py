"""Quality and speed of the two-step search, and of other engines beside it: parts of `bench_literature`.

Quality: known items on all queries by BM25; by both steps on the first N of them in a fixed random order, for which
the candidates of these queries are embedded, or on all of them where a home has all of it embedded.

Speed: over the real abstracts, and over synthetic ones made of the sentences of the real ones. All passages have
vectors, random ones, since time does not depend on their values. Synthetic ones are put straight into the tables, and
into Chroma with a thin graph of neighbours, which KEDRec does not walk and which takes most of the time to build.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.config import load
from kedrec.eval.bench_literature.known_items import KnownItemScores, known_items, measured
from kedrec.eval.bench_literature.rivals import bm25s_engine, chroma_alone, tantivy_engine
from kedrec.locks import writing
from kedrec.records import Document
from kedrec.tools.embedders.minilm import packaged
from kedrec.tools.library.database import LibraryWriter, embedded_text
from kedrec.tools.literature import Literature

__all__ = ["ReportRow", "known_item_queries", "quality", "real_abstracts", "speed", "synthetic_abstracts"]

ReportRow = tuple[str, str]
Queries = Sequence[dict[str, Any]]
WIDTH = 384
_AT_ONCE = 5000


def known_item_queries(data: Path) -> Queries:
    """Return the queries in a fixed random order."""
    queries = [json.loads(line) for line in (data / "retrieval/known_item_dev.jsonl").open(encoding="utf-8")]
    random.Random(1).shuffle(queries)
    return queries


def quality(data: Path, queries: Queries, count: int, home: Path | None = None, lucene: str = "") -> list[ReportRow]:
    """Measure known items by each engine, by BM25 and by both steps.

    Args:
        data: Folder of the data.
        queries: All queries.
        count: Queries for both steps, where their candidates are embedded for it.
        home: Home whose literature holds the abstracts, all embedded; none where None.
        lucene: A Python that has Pyserini; none where empty.
    """
    documents = list(real_abstracts(data))
    rows = list(_lucene(documents, queries, lucene))
    for name, engine in (("bm25s", bm25s_engine), ("tantivy", tantivy_engine)):
        for stem in (False, True):
            search = engine(documents, stem=stem)
            label = f"{name}, {'stemmed' if stem else 'not stemmed'}"
            rows += _found(label, measured(queries, search)) if search else [(label, "not installed")]
    if home is not None:
        return rows + _both(Literature.open(home / "literature", load({"embed": "never"}).settings), queries)
    with _filled(documents) as literature:
        rows += _found("KEDRec, first step, all queries", known_items(literature, queries))
        rows.append(_embed_candidates(literature, queries[:count]))
        return rows + _both(literature, queries[:count])


def _both(literature: Literature, queries: Queries) -> list[ReportRow]:
    """Measure the first step and both steps on the same queries, all of them and each half."""
    rows = []
    for label, part in (("", queries), (", 1st half", queries[::2]), (", 2nd half", queries[1::2])):
        with _first_step_alone(literature):
            rows += _found(f"KEDRec, first step, {len(part)} queries{label}", known_items(literature, part))
        rows += _found(f"KEDRec, both steps, {len(part)} queries{label}", known_items(literature, part))
    return rows


@contextmanager
def _first_step_alone(literature: Literature) -> Iterator[None]:
    """Have searches end after the first step."""
    similarity = literature.similarity
    similarity.scores = lambda query, keys: ({}, "left out")  # type: ignore[method-assign]
    try:
        yield
    finally:
        del similarity.scores


def _lucene(documents: Sequence[Document], queries: Queries, python: str) -> Iterator[ReportRow]:
    """Have another Python search by Lucene."""
    if not python:
        return
    with tempfile.TemporaryDirectory() as folder:
        held, asked = Path(folder) / "documents.jsonl", Path(folder) / "queries.jsonl"
        rows = ({"id": one.id, "contents": f"{one.title} {one.text}"} for one in documents)
        held.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        asked.write_text("".join(json.dumps(row) + "\n" for row in queries), "utf-8")
        command = [python, str(Path(__file__).with_name("lucene_side.py")), str(held), str(asked)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield "Lucene through Pyserini", f"does not run: {(done.stderr.strip().splitlines() or ['no word'])[-1]}"
        return
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    ids = iter([answer["ids"][0], *answer["ids"]])
    found = measured(queries, lambda _: next(ids))
    yield from _found("Lucene through Pyserini", KnownItemScores(found.mrr10, found.recall80, tuple(answer["seconds"])))
    yield "Lucene through Pyserini, index", f"{len(documents) / answer['index']:,.0f} documents/s"


def _found(name: str, found: KnownItemScores) -> list[ReportRow]:
    return [(name, f"MRR@10 {found.mrr10:.3f}, within 80 {found.recall80:.3f}, {_times(found.seconds)}")]


def _times(seconds: Sequence[float]) -> str:
    middle, slow = (1000 * float(np.percentile(seconds, share)) for share in (50, 99))
    return f"p50 {middle:.1f} ms, p99 {slow:.1f} ms"


def _both_times(seconds: Sequence[tuple[float, float]]) -> str:
    wall, work = zip(*seconds, strict=True)
    return f"{_times(wall)}; processor time {_times(work)}"


def _embed_candidates(literature: Literature, queries: Queries) -> ReportRow:
    """Embed what the first step finds for the queries."""
    found = {hit.id: hit for row in queries for hit in literature.search(row["query"], "articles", limit=80).hits}
    wanted = {embedded_text(hit.title, hit.text, hit.section) for hit in found.values()}
    hashes = {text: value for value, text in literature.library.pending(10**9).items() if text in wanted}
    texts, started = list(hashes), time.monotonic()
    for chosen, vectors in packaged().rounds(texts):
        names = [hashes[texts[i]] for i in chosen]
        literature.similarity.vectors.put(names, vectors)
        literature.library.mark_embedded(names)
    return ("candidates embedded", f"{len(texts):,}, {len(texts) / (time.monotonic() - started):.0f}/s")


def real_abstracts(data: Path) -> Iterator[Document]:
    """Yield the real abstracts."""
    with gzip.open(data / "literature/abstracts.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            yield Document(
                id=row["id"], corpus="pubmed", title=row.get("title") or "", text=row["abstract"], year=row.get("year")
            )


def synthetic_abstracts(data: Path, count: int) -> Iterator[Document]:
    """Yield documents of sentences drawn from the real ones, about as long as these."""
    real = [document for document in islice(real_abstracts(data), 20_000) if document.title]
    stock = [part for document in real for part in document.text.split(". ")]
    draw = random.Random(1)
    for number in range(count):
        text = ". ".join(draw.choices(stock, k=draw.randint(4, 10)))
        title = draw.choice(real).title
        yield Document(id=f"PMID:{number + 1}", corpus="pubmed", title=title, text=text, year=draw.randint(1970, 2025))


class _filled:  # noqa: N801
    """A temporary library of the given documents, indexed."""

    def __init__(self, documents: Iterable[Document], *, straight: bool = False) -> None:
        self.documents, self.straight = documents, straight

    def __enter__(self) -> Literature:
        self._folder = tempfile.TemporaryDirectory(prefix="kedrec-bench-")
        literature = Literature.open(Path(self._folder.name) / "literature", load({"embed": "never"}).settings)
        with writing(literature.folder), literature.library.write() as writer:
            if self.straight:
                _put_straight(writer, self.documents)
            else:
                for document in self.documents:
                    writer.put(document)
            literature.indexes.build(writer, {"articles"}, None)
        return literature

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _put_straight(writer: LibraryWriter, documents: Iterable[Document]) -> None:
    """Put documents of one passage each into the tables without looking at them."""
    source = iter(documents)
    while part := list(islice(source, _AT_ONCE)):
        rows = [(int(row.id[5:]), row.id, row.title, row.text, row.year, row.id.encode()) for row in part]
        writer.connection.executemany(
            "INSERT INTO documents(key, id, corpus, title, text, year, mesh, note, sha) "
            "VALUES(?, ?, 'pubmed', ?, ?, ?, '', 0, ?)",
            rows,
        )
        spans = [(key, key, len(text), hashlib.sha256(sha).digest()[:16]) for key, _, _, text, _, sha in rows]
        writer.connection.executemany("INSERT INTO passages VALUES(?, ?, 'abstract', 0, 0, ?, ?)", spans)


def speed(name: str, documents: Iterable[Document], queries: Queries, *, thin: bool = False) -> list[ReportRow]:
    """Measure building, size, memory, and the time of a search with and without the second step and with filters."""
    started = time.monotonic()
    with _filled(documents, straight=thin) as literature:
        rows = [(f"{name}: add and index", f"{time.monotonic() - started:.0f} s, {_memory()}")]
        rows.append((f"{name}: first step", _both_times(_searched(literature, queries))))
        started = time.monotonic()
        if thin:
            _make_thin(literature)
        count = _with_random_vectors(literature)
        rows.append((f"{name}: into Chroma", f"{count / (time.monotonic() - started):,.0f} vectors/s, {_memory()}"))
        rows.append((f"{name}: both steps", _both_times(_searched(literature, queries))))
        rows.append(
            (
                f"{name}: both steps, since 2015, queries embedded before",
                _both_times(_searched(literature, queries, since=2015)),
            )
        )
        if not thin:
            rows += [(f"{name}: {label}", _times(seconds)) for label, seconds in chroma_alone(literature, queries)]
        rows.append((f"{name}: on disk", _sizes(literature.folder)))
    return rows


def _memory() -> str:
    return f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB resident"


def _sizes(folder: Path) -> str:
    def size(part: Path) -> float:
        return sum(file.stat().st_size for file in part.rglob("*") if file.is_file()) / 1e6

    whole, lexical, vectors = size(folder), size(folder / "lexical"), size(folder / "vectors")
    return f"text {whole - lexical - vectors:,.0f} MB, lexical {lexical:,.0f} MB, Chroma {vectors:,.0f} MB"


def _searched(literature: Literature, queries: Queries, since: int | None = None) -> list[tuple[float, float]]:
    """Search for the ten best of each query, each once, after one search to warm up."""
    from kedrec.tools.library.filters import DocumentFilter

    seconds, only = [], DocumentFilter(since=since)
    literature.search("warm up", "articles", only=only)
    for row in queries:
        started, worked = time.perf_counter(), time.process_time()
        literature.search(row["query"], "articles", only=only)
        seconds.append((time.perf_counter() - started, time.process_time() - worked))
    return seconds


def _make_thin(literature: Literature) -> None:
    """Make Chroma's collection with hardly any graph of neighbours."""
    import chromadb

    store = literature.similarity.vectors
    client = chromadb.PersistentClient(str(store.folder), chromadb.config.Settings(anonymized_telemetry=False))
    thin = {"hnsw:space": "cosine", "hnsw:M": 2, "hnsw:construction_ef": 2}
    client.create_collection(store.name, embedding_function=None, metadata=thin)


def _with_random_vectors(literature: Literature) -> int:
    """Give every passage a vector of length 1."""
    draw, total = np.random.default_rng(1), 0
    with literature.library.read() as connection:
        hashes = [value.hex() for (value,) in connection.execute("SELECT DISTINCT sha FROM passages")]
    for start in range(0, len(hashes), _AT_ONCE):
        part = hashes[start : start + _AT_ONCE]
        vectors = draw.standard_normal((len(part), WIDTH), np.float32)
        literature.similarity.vectors.put(part, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
        total += len(part)
    literature.library.mark_embedded(hashes)
    return total
