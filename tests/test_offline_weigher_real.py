"""What the weigher reaches on the real slice, and that hiding edges is the same as never loading them there."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from kedrec.agents.offline.items import pairs_of, read_items
from kedrec.agents.offline.literature_build import MemoryLiterature
from kedrec.agents.offline.weigher import Weigher
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore


@pytest.fixture(scope="module")
def pairs(request, tmp_path_factory):
    """The real slice, the same without the pairs' edges, and the pairs."""
    import os

    folder = os.environ.get("KEDREC_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("KEDREC_REAL_DATA does not point at the real data")
    data, place = Path(folder), tmp_path_factory.mktemp("real")
    items = read_items(data / "pairs" / "dev.jsonl")
    hidden = pairs_of(items)
    triples, names = data / "kg" / "drkg_slice.tsv.gz", data / "kg" / "entity_names.tsv.gz"
    load_graph([triples], names, place / "whole")
    whole = EmbeddedStore.open(place / "whole")
    gone = whole.groups.spread(hidden)
    kept = place / "kept.tsv"
    with gzip.open(triples, "rt") as source:
        kept.write_text("".join(line for line in source if frozenset(line.rstrip("\n").split("\t")[::2]) not in gone))
    load_graph([kept], names, place / "rest")
    return (whole, EmbeddedStore.open(place / "rest")), items, hidden, place


@pytest.mark.real
def test_hidden_equals_absent_on_the_real_slice(pairs):
    (whole, kept), items, hidden, place = pairs
    one = Weigher.open(whole, MemoryLiterature([]), place)
    other = Weigher.open(kept, MemoryLiterature([]), place)
    for item in items[::5]:
        shown = one.weigh(item.disease, item.candidates, "none", hidden).candidates
        gone = other.weigh(item.disease, item.candidates, "none").candidates
        assert [score.score for score in shown] == pytest.approx([score.score for score in gone], abs=1e-3)
        texts = [[[factor.text for factor in score.factors] for score in scores] for scores in (shown, gone)]
        assert texts[0] == texts[1], json.dumps(texts, indent=1)


@pytest.mark.real
def test_the_graph_alone_reaches_what_is_reported(pairs):
    (whole, _), items, hidden, place = pairs
    weigher = Weigher.open(whole, MemoryLiterature([]), place)
    for seen, least in ((hidden, 0.78), (frozenset(), 0.9)):
        margins = [
            one.score - other.score if item.right == 0 else other.score - one.score
            for item in items
            for one, other in [weigher.weigh(item.disease, item.candidates, "none", seen).candidates]
        ]
        assert np.mean(np.array(margins) > 0) > least
