"""A pair whose id the graph lacks is answered from the literature, by the name that the pair gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kedrec.agents.replay.fork import fork
from kedrec.agents.replay.replay import replay
from kedrec.agents.traces.store import TraceStore
from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.run import start_run
from kedrec.graphdb.embedded.build import load_graph
from kedrec.tools.literature import Literature

STARTER = Path(__file__).parent.parent / "examples" / "starter"
BARICITINIB = {"id": "Compound::DB11817", "name": "Baricitinib"}
ETANERCEPT = {"id": "Compound::DB00005", "name": "Etanercept"}
ALOPECIA = {"id": "Disease::MESH:C000000", "name": "Alopecia areata"}
"""A name that the literature knows, under an id that no graph has."""


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    home = tmp_path_factory.mktemp("starter")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    literature = Literature.open(home / "literature", Settings(home=home))
    for file in ("articles.jsonl", "trials.jsonl"):
        literature.add(STARTER / file, embed=False)
    return home


def asked(folder, settings, disease, drugs):
    file = folder / "pairs.jsonl"
    file.write_text(json.dumps({"id": "q", "disease": disease, "candidates": drugs}))
    start_run(read_pairs(file), folder / "run", settings, hide_pairs=True)
    row = json.loads((folder / "run" / "results.jsonl").read_text())
    return row, TraceStore(folder / "run" / "traces").get(row["trace_id"])


@pytest.mark.parametrize("drugs", [[BARICITINIB, ETANERCEPT], [ETANERCEPT, BARICITINIB]])
def test_the_drug_that_more_records_name_with_the_disease_is_chosen_in_either_order(starter, tmp_path, drugs):
    row, trace = asked(tmp_path, Settings(home=starter, setting="both"), ALOPECIA, drugs)
    assert row["choice"] == BARICITINIB["id"]
    made = trace.recommendation
    assert any(f"The graph lacks {ALOPECIA['id']}" in note for note in made.not_found)
    groups = {factor.group for score in made.scores for factor in score.factors}
    assert groups <= {"articles", "trials"}


def test_the_name_of_a_drug_that_the_graph_lacks_is_looked_for_too(starter, tmp_path):
    renamed = {"id": "Compound::DBnowhere", "name": "Baricitinib"}
    disease = {"id": "Disease::MESH:D000506", "name": "Alopecia Areata"}
    row, trace = asked(tmp_path, Settings(home=starter, setting="both"), disease, [ETANERCEPT, renamed])
    assert row["choice"] == renamed["id"]
    assert {"Baricitinib", "Etanercept"} == {drug.name for drug in trace.recommendation.candidates}


def test_a_graph_alone_says_nothing_of_what_it_lacks(starter, tmp_path):
    row, _ = asked(tmp_path, Settings(home=starter, setting="none"), ALOPECIA, [BARICITINIB, ETANERCEPT])
    assert (row["choice"], row["error"]) == (None, None)


def test_an_id_without_a_name_stays_an_error(starter, tmp_path):
    row, _ = asked(tmp_path, Settings(home=starter, setting="both"), {"id": ALOPECIA["id"]}, [BARICITINIB, ETANERCEPT])
    assert row["error"]["type"] == "UnknownEntity"


def test_such_a_trace_replays_and_forks(starter, tmp_path):
    _, trace = asked(tmp_path, Settings(home=starter, setting="both"), ALOPECIA, [BARICITINIB, ETANERCEPT])
    assert replay(trace).identical
    again = fork(trace, "decide", Settings(home=starter), hidden=frozenset())
    assert again.recommendation.choice == trace.recommendation.choice
