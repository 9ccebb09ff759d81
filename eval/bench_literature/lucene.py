"""Lucene through Pyserini on the same documents; run by another Python, which has Pyserini and not KEDRec.

Takes a file of JSON lines `{"id", "contents"}` and one of `{"query"}`; prints `{"ids": [[…]], "seconds": […],
"index": seconds}`. Pyserini 1.6 needs a Java newer than 17 under JAVA_HOME, and a key of OpenAI to be imported at all,
which is never used.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LIMIT = 80


def main(documents: Path, queries: Path) -> None:
    """Index, search, and print what was found and how long it took."""
    os.environ.setdefault("OPENAI_API_KEY", "none")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        from pyserini.index.lucene import LuceneIndexer

        indexer = LuceneIndexer(folder, threads=1)
        with documents.open(encoding="utf-8") as lines:
            indexer.add_batch_dict([json.loads(line) for line in lines])
        indexer.close()
        took = time.perf_counter() - began
        from pyserini.search.lucene import LuceneSearcher

        searcher: Any = LuceneSearcher(folder)
        searcher.set_bm25(0.9, 0.4)
        ids, seconds = [], []
        for row in queries.read_text("utf-8").splitlines():
            before = time.perf_counter()
            found = searcher.search(json.loads(row)["query"], k=LIMIT)
            seconds.append(time.perf_counter() - before)
            ids.append([hit.docid for hit in found])
    print(json.dumps({"ids": ids, "seconds": seconds, "index": took}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
