"""Other engines on the same documents, for comparison only."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from typing import Any

from kedrec.records import Document
from kedrec.tools.embedders.minilm import packaged
from kedrec.tools.literature import Literature
from kedrec.tools.search.postings import K1, B
from kedrec.tools.search.stemming import words

__all__ = ["bm25s_engine", "chroma_alone", "tantivy_engine"]

Search = Callable[[str], list[str]]
_LIMIT = 80


def bm25s_engine(documents: Sequence[Document], *, stem: bool, title_weight: int = 1) -> Search | None:
    """Index in bm25s; None where it is not installed."""
    if importlib.util.find_spec("bm25s") is None:
        return None
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english") if stem else None
    texts = [" ".join([document.title] * title_weight + [document.text]) for document in documents]
    model = bm25s.BM25(k1=K1, b=B, method="lucene")
    model.index(bm25s.tokenize(texts, stemmer=stemmer, show_progress=False), show_progress=False)

    def search(text: str) -> list[str]:
        tokens = bm25s.tokenize([text], stemmer=stemmer, show_progress=False)
        found, _ = model.retrieve(tokens, k=_LIMIT, show_progress=False)
        return [documents[i].id for i in found[0]]

    return search


def tantivy_engine(documents: Sequence[Document], *, stem: bool, title_weight: float = 1.5) -> Search | None:
    """Index in tantivy, in memory; None where it is not installed."""
    if importlib.util.find_spec("tantivy") is None:
        return None
    import tantivy

    kind = "en_stem" if stem else "default"
    schema = tantivy.SchemaBuilder()
    schema.add_integer_field("place", stored=True)
    for name in ("title", "text"):
        schema.add_text_field(name, tokenizer_name=kind)
    index = tantivy.Index(schema.build())
    writer = index.writer(heap_size=200_000_000, num_threads=1)
    for place, document in enumerate(documents):
        writer.add_document(tantivy.Document(place=place, title=document.title, text=document.text))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def search(text: str) -> list[str]:
        query = index.parse_query(" ".join(words(text)), ["title", "text"], {"title": title_weight})
        found = searcher.search(query, _LIMIT).hits
        return [documents[searcher.doc(address)["place"][0]].id for _, address in found]

    return search


def chroma_alone(literature: Literature, queries: Sequence[dict[str, Any]]) -> list[tuple[str, list[float]]]:
    """Time Chroma's own nearest neighbours of the queries, without and with its filter by metadata.

    The filter is measured in a collection of its own, of the same vectors with a year each: ours holds no metadata.
    """
    plain = literature.similarity.vectors._collection()
    # Make a collection of the same vectors with the years of their documents.
    store = literature.similarity.vectors
    query = (
        "SELECT p.sha, max(coalesce(d.year, 0)) FROM passages p JOIN documents d ON d.key = p.document GROUP BY p.sha"
    )
    with literature.library.read() as connection:
        rows = [(sha.hex(), year) for sha, year in connection.execute(query)]
    dated = store._client.create_collection("dated", embedding_function=None, metadata={"hnsw:space": "cosine"})
    for start in range(0, len(rows), store._most):
        part = dict(rows[start : start + store._most])
        held = store.get(list(part))
        dated.add(ids=list(held), embeddings=list(held.values()), metadatas=[{"year": part[name]} for name in held])
    return [
        ("Chroma alone", _asked(plain, queries)),
        ("Chroma alone, with years", _asked(dated, queries)),
        ("Chroma alone, where year >= 2015", _asked(dated, queries, where={"year": {"$gte": 2015}})),
    ]


def _asked(collection: Any, queries: Sequence[dict[str, Any]], **more: Any) -> list[float]:
    seconds = []
    packaged().query("warm up")
    for row in queries:
        vector = packaged().query(row["query"])[None]
        started = time.perf_counter()
        collection.query(query_embeddings=vector, n_results=_LIMIT, include=["distances"], **more)
        seconds.append(time.perf_counter() - started)
    return seconds
