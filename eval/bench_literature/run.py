"""Benchmark of the literature: `python -m kedrec.eval.bench_literature.run DATA_DIR [--only PART …]`.

DATA_DIR holds `literature/abstracts.jsonl.gz`, `literature/trials.jsonl.gz`, `literature/pmc_sample.tar.xz` and
`retrieval/known_item_dev.jsonl`. The parts, each in a process of its own so that its peak of memory is its own:

- ingest: reading, storing and indexing a file of each source; PubMed XML and ClinicalTrials.gov's JSON and XML are made
  of the real records;
- embedding: each way to embed beside plain sentence-transformers, in turns on the same texts;
- quality: known items by bm25s, tantivy, Lucene (`--lucene PYTHON`), the first step and both steps;
- search: p50 and p99 over the real abstracts, Chroma alone with and without its filter;
- million: the same over synthetic passages.

Prints one table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from kedrec.eval.bench_literature.encoders import measured_side_by_side
from kedrec.eval.bench_literature.retrieval import (
    ReportRow,
    known_item_queries,
    quality,
    real_abstracts,
    speed,
    synthetic_abstracts,
)
from kedrec.eval.bench_literature.sample_files import write_pubmed_xml, write_trials_json, write_trials_xml
from kedrec.eval.bench_literature.sources import measure_adding
from kedrec.eval.machine import where
from kedrec.tools.library.database import embedded_text
from kedrec.tools.sources import read_documents

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="parts to run; all where not given")
    parser.add_argument("--home", type=Path, help="home whose literature holds these abstracts, all embedded")
    parser.add_argument("--queries", type=int, default=300, help="queries for both steps without --home, and for speed")
    parser.add_argument("--texts", type=int, default=300, help="texts to embed")
    parser.add_argument("--chunks", type=int, default=1_000_000, help="synthetic passages")
    parser.add_argument("--records", type=int, default=20_000, help="records of the files made for ingest")
    parser.add_argument("--lucene", default="", help="a Python that has Pyserini")
    parser.add_argument("--rows", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.rows:
        print(json.dumps(PARTS[given.only[0]](given)))
        return
    rows = [
        row for part in given.only or PARTS for row in _apart(part, sys.argv[1:] if arguments is None else arguments)
    ]
    lines = [f"| {name} | {value} |" for name, value in rows]
    print("\n".join(["| what | measured |", "|---|---|", *lines, "", where()]))


def _apart(part: str, arguments: Sequence[str]) -> list[ReportRow]:
    """Run a part in a process of its own, and say on stderr that it begins."""
    print(f"{part} …", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "kedrec.eval.bench_literature.run", *arguments, "--only", part, "--rows"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return [(part, f"failed with {done.returncode}")]
    rows: list[ReportRow] = json.loads(done.stdout.strip().splitlines()[-1])
    return rows


def _ingest(given: argparse.Namespace) -> list[ReportRow]:
    sources = given.data / "literature"
    with tempfile.TemporaryDirectory(prefix="kedrec-bench-") as folder:
        made = Path(folder)
        articles = list(islice(real_abstracts(given.data), given.records))
        trials = list(islice(read_documents(sources / "trials.jsonl.gz"), given.records))
        write_pubmed_xml(articles, made / "pubmed.xml.gz")
        write_trials_json(trials, made / "trials.json.zip")
        write_trials_xml(trials, made / "trials.xml.zip")
        files = {
            "PubMed XML, gzip": made / "pubmed.xml.gz", "PMC JATS, tar.xz": sources / "pmc_sample.tar.xz",
            "ClinicalTrials.gov JSON, zip of pages": made / "trials.json.zip",
            "ClinicalTrials.gov XML, zip of studies": made / "trials.xml.zip",
            "JSONL of abstracts, gzip": sources / "abstracts.jsonl.gz",
            "JSONL of trials, gzip": sources / "trials.jsonl.gz",
        }  # fmt: skip
        return [(f"add {name}", measure_adding(path)) for name, path in files.items()]


def _embedding(given: argparse.Namespace) -> list[ReportRow]:
    documents = list(real_abstracts(given.data))
    chosen = random.Random(3).sample(documents, given.texts)
    texts = [embedded_text(document.title, document.text, "abstract") for document in chosen]
    return [(f"embed by {name}", value) for name, value in measured_side_by_side(texts)]


def _quality(given: argparse.Namespace) -> list[ReportRow]:
    return quality(given.data, known_item_queries(given.data), given.queries, given.home, given.lucene)


def _search(given: argparse.Namespace) -> list[ReportRow]:
    return speed("abstracts", real_abstracts(given.data), known_item_queries(given.data)[: given.queries])


def _million(given: argparse.Namespace) -> list[ReportRow]:
    documents = synthetic_abstracts(given.data, given.chunks)
    name = f"{given.chunks:,} synthetic"
    return speed(name, documents, known_item_queries(given.data)[: given.queries], thin=True)


PARTS: dict[str, Callable[[argparse.Namespace], list[ReportRow]]] = {
    "ingest": _ingest, "embedding": _embedding, "quality": _quality, "search": _search, "million": _million,
}  # fmt: skip


if __name__ == "__main__":
    main()
