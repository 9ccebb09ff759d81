"""Benchmark of the literature index: `python -m kedrec.eval.bench_literature DATA_DIR [--queries 40]`.

DATA_DIR holds `literature/abstracts.jsonl.gz`, `literature/trials.jsonl.gz` and `retrieval/known_item_dev.jsonl`.
All of it is added to a fresh folder. BM25 is measured on all queries; both steps on the first N of them in a fixed
random order, for which only the candidates of these queries are embedded. Prints one table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kedrec.config import load
from kedrec.tools.library import embedded_text
from kedrec.tools.literature import Literature
from kedrec.tools.minilm import packaged

__all__ = ["Found", "known_item", "main"]

Row = tuple[str, str]
SAMPLE = 128
"""Passages on which 32-bit floats are compared."""


@dataclass(frozen=True)
class Found:
    """How known items were found."""

    mrr10: float
    """Mean reciprocal rank among the first 10 documents."""
    recall80: float
    """Share found among the first 80."""
    seconds: tuple[float, ...]
    """Wall-clock of each search."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--queries", type=int, default=40, help="queries for both steps")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        literature = Literature.open(Path(folder) / "literature", load({"embed": "never"}).settings)
        rows = [*_added(literature, given.data), *_searched(literature, given.data, given.queries)]
    lines = [f"| {name} | {value} |" for name, value in rows]
    sys.stdout.write("\n".join(["| what | measured |", "|---|---|", *lines]) + "\n")


def _added(literature: Literature, data: Path) -> list[Row]:
    rows = []
    for name in ("abstracts", "trials"):
        report = literature.add(data / "literature" / f"{name}.jsonl.gz")
        rate = report.added / report.seconds
        rows.append((f"add {name}", f"{report.added:,} documents in {report.seconds:.1f} s ({rate:,.0f}/s)"))
    started = time.monotonic()
    count = sum(1 for _ in literature.documents())
    return [*rows, ("read all documents back", f"{count:,} in {time.monotonic() - started:.2f} s")]


def _searched(literature: Literature, data: Path, count: int) -> list[Row]:
    lines = (data / "retrieval" / "known_item_dev.jsonl").read_text("utf-8").splitlines()
    queries = [json.loads(line) for line in lines]
    random.Random(1).shuffle(queries)
    rows = _rows("BM25", len(queries), known_item(literature, queries))
    rows += _rows("BM25", count, known_item(literature, queries[:count]))
    rows += _embed_candidates(literature, queries[:count])
    return rows + _rows("BM25, then embeddings", count, known_item(literature, queries[:count]))


def known_item(literature: Literature, queries: Sequence[dict[str, Any]]) -> Found:
    """Search for documents that are known to answer.

    Args:
        literature: The index.
        queries: `query` and `relevant`, the id of the document.
    """
    ranks, seconds = [], []
    literature.search(queries[0]["query"], "articles")
    for row in queries:
        started = time.perf_counter()
        hits = literature.search(row["query"], "articles", limit=80).hits
        seconds.append(time.perf_counter() - started)
        ids = [hit.document_id for hit in hits]
        ranks.append(ids.index(row["relevant"]) + 1 if row["relevant"] in ids else 0)
    mrr = sum(1 / rank for rank in ranks if 0 < rank <= 10) / len(ranks)
    return Found(mrr, sum(rank > 0 for rank in ranks) / len(ranks), tuple(seconds))


def _rows(name: str, count: int, found: Found) -> list[Row]:
    middle, slow = (1000 * float(np.percentile(found.seconds, share)) for share in (50, 99))
    return [
        (f"{name}, {count} queries: MRR@10, recall in 80", f"{found.mrr10:.3f}, {found.recall80:.3f}"),
        (f"{name}, {count} queries: p50, p99", f"{middle:.1f} ms, {slow:.1f} ms"),
    ]


def _embed_candidates(literature: Literature, queries: Sequence[dict[str, Any]]) -> list[Row]:
    """Embed what the first step finds for the queries, and compare number formats on a sample."""
    passages = {
        hit.id: hit
        for row in queries
        for found in literature.search(row["query"], "articles", limit=80).hits
        for hit in literature.passages(found.document_id)
    }
    wanted = {embedded_text(hit.title, hit.text, hit.section) for hit in passages.values()}
    hashes = {text: value for value, text in literature.library.pending(10**9).items() if text in wanted}
    started = time.monotonic()
    for chosen, vectors in packaged().rounds(texts := list(hashes)):
        names = [hashes[texts[i]] for i in chosen]
        literature.similarity.vectors.put(names, vectors)
        literature.library.mark_embedded(names)
    rate = len(texts) / (time.monotonic() - started)
    return [("embed, as the product does", f"{len(texts):,} passages, {rate:.1f}/s"), _whole_floats(texts[:SAMPLE])]


def _whole_floats(texts: list[str]) -> Row:
    """Time 32-bit floats in torch on the same model."""
    import torch

    model = packaged()
    _, chosen = next(model.rounds(texts))
    network = model._torch.model
    network.to(torch.float32)
    started = time.monotonic()
    _, whole = next(model.rounds(texts))
    seconds = time.monotonic() - started
    network.to(torch.bfloat16)
    cosine = float((chosen * whole).sum(axis=1).min())
    return ("embed, 32-bit floats", f"{len(texts)} passages, {len(texts) / seconds:.1f}/s, least cosine {cosine:.5f}")


if __name__ == "__main__":
    main()
