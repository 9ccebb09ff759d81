"""Runs divided over workers: the same file as an undivided run, whoever is killed, and nobody pays twice."""

from __future__ import annotations

import os
import signal
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from divided_runs import load_starter, own_home, same_file, settings_at, signalling_a_worker, started
from teaching import teaching
from test_runs import many_pairs, wait_for_rows

from kedrec.agents.models.openai_api.run_budget import read_spent
from kedrec.agents.traces.store import TraceStore
from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import Pair, read_pairs
from kedrec.distill.runs.journal import read_rows
from kedrec.distill.runs.run import start_run
from kedrec.distill.runs.shard_worker import run_shard
from kedrec.distill.runs.sharded_loop import for_one_of, places_for
from kedrec.distill.runs.shards import Shard, divide
from kedrec.errors import Busy

WITH_RAY = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (pip install 'kedrec[ray]')")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return load_starter(tmp_path_factory.mktemp("loaded"))


@pytest.fixture(scope="module", params=["processes", pytest.param("ray", marks=WITH_RAY)])
def engine(request, loaded):
    """Each engine that divides, and what its command is to be told; Ray's workers start once for all tests."""
    if request.param == "processes":
        yield "processes", {}
        return
    from kedrec.ray_cluster import ray_cluster

    with ray_cluster(Settings(home=loaded), 2) as ray:
        address = ray.get_runtime_context().gcs_address
        yield "ray", {"KEDREC_RAY_ADDRESS": address, "RAY_AUTH_MODE": "token"}


@pytest.fixture
def settings(engine, loaded, tmp_path):
    """Settings for a teacher, in a home of its own; the engine is the divided one unless it is named."""
    home = own_home(tmp_path / "own-home", loaded)
    return lambda teacher, **changes: settings_at(home, teacher, **({"engine": engine[0]} | changes))


def test_a_divided_run_of_which_a_worker_is_killed_ends_with_the_file_of_an_undivided_one(settings, tmp_path):
    pairs, out = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 40)), tmp_path / "out"
    with teaching(latency=0.1) as teacher:
        whole = start_run(pairs, tmp_path / "whole", settings(teacher, engine="direct"))
        calls = teacher.counts["answered"]
        teacher.counts.clear()
        with signalling_a_worker(out, signal.SIGKILL) as killed:
            divided = start_run(pairs, out, settings(teacher))
    assert len(killed) == 1
    assert (divided.done, divided.failed, divided.stopped) == (40, {}, None)
    assert same_file(out, tmp_path / "whole")
    rows = read_rows(out / "journal.jsonl")
    assert sorted(row.pair_id for row in rows) == sorted(pair.id for pair in pairs.questions)
    assert all(TraceStore(out / "traces").get(row.trace_id).recommendation for row in rows)
    assert not (out / "shards").exists()
    in_flight = 8
    assert calls <= teacher.counts["answered"] <= calls + 2 * in_flight
    assert read_spent(out / "spent.jsonl")[1] <= teacher.counts["answered"]
    assert divided.spent.input_tokens >= whole.spent.input_tokens


def test_killed_stopped_and_gone_on_with_by_another_engine_it_is_still_the_same_file(engine, settings, tmp_path):
    path, out = many_pairs(tmp_path / "pairs.jsonl", 40), tmp_path / "out"
    with teaching(latency=0.2) as teacher:
        chosen = settings(teacher, workers=4, engine="direct")
        killed = started(path, out, chosen, "--engine", engine[0], **engine[1])
        wait_for_rows(out, 6, killed)
        with pytest.raises(Busy):
            start_run(read_pairs(path), out, chosen)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        stopped = started(path, out, chosen, "--engine", engine[0], **engine[1])
        wait_for_rows(out, 14, stopped)
        os.killpg(stopped.pid, signal.SIGINT)
        said = stopped.communicate(timeout=60)[1]
        assert stopped.returncode == 130, said
        assert "Run the same command to resume" in said and "Traceback" not in said
        assert not (out / "shards").exists()
        assert len(read_rows(out / "journal.jsonl")) < 40
        teacher.latency = 0.0
        start_run(read_pairs(path), out, chosen)
        paid = teacher.counts["answered"]
        teacher.counts.clear()
        start_run(read_pairs(path), tmp_path / "whole", chosen)
    assert same_file(out, tmp_path / "whole")
    calls_in_flight, interruptions = 4 * 2, 2
    assert paid <= teacher.counts["answered"] + calls_in_flight * interruptions


def test_what_a_killed_worker_left_is_taken_over_by_any_engine_and_not_asked_again(settings, tmp_path):
    pairs, out = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 12)), tmp_path / "out"
    with teaching() as teacher:
        chosen = settings(teacher)
        start_run(pairs, tmp_path / "whole", settings(teacher, engine="direct"))
        calls = teacher.counts["answered"]
        teacher.counts.clear()
        start_run(pairs, out, chosen, limit=0)
        left = Shard(name="0000", pairs=pairs.questions[:5], tries={pair.id: 0 for pair in pairs.questions[:5]})
        assert run_shard(chosen, out.resolve(), left) is None
        start_run(pairs, out, chosen)
    assert same_file(out, tmp_path / "whole")
    assert teacher.counts["answered"] == calls
    assert not (out / "shards").exists()


def test_a_worker_that_is_told_to_end_by_somebody_else_ends_no_run(settings, tmp_path):
    pairs, out = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 40)), tmp_path / "out"
    with teaching(latency=0.1) as teacher:
        start_run(pairs, tmp_path / "whole", settings(teacher, engine="direct"))
        with signalling_a_worker(out, signal.SIGTERM) as told:
            divided = start_run(pairs, out, settings(teacher, shards=1))
    assert len(told) == 1
    assert (divided.done, divided.failed, divided.stopped) == (40, {}, None)
    assert same_file(out, tmp_path / "whole")


def test_shards_share_a_budget_and_a_failed_pair_is_tried_once(settings, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 16))
    prices = {"input_price": 1.0, "output_price": 1.0, "max_output_tokens": 200, "workers": 4}
    with teaching(faults=0.1, kinds=("content_filter",)) as teacher:
        whole = start_run(pairs, tmp_path / "whole", settings(teacher, **prices, engine="direct"))
        divided = settings(teacher, **prices)
        budget = whole.spent.cost / 2
        stopped = start_run(pairs, tmp_path / "out", divided, budget=budget)
        assert "budget" in stopped.stopped
        assert 0.6 * budget < stopped.spent.cost <= budget
        tried = read_rows(tmp_path / "out" / "journal.jsonl")
        assert len({row.pair_id for row in tried}) == len(tried) < 16
        teacher.faults = 0.0
        rest = start_run(pairs, tmp_path / "out", divided, budget=2 * whole.spent.cost)
    assert (rest.done, rest.failed, rest.stopped) == (16, {}, None)
    assert rest.spent.cost == pytest.approx(read_spent(tmp_path / "out" / "spent.jsonl")[0].cost)
    again = [row.pair_id for row in read_rows(tmp_path / "out" / "journal.jsonl")]
    assert sorted(again) == sorted([pair.id for pair in pairs.questions] + [row.pair_id for row in tried if row.error])


@pytest.mark.parametrize(("places", "pairs"), [(1, 7), (2, 7), (4, 5), (3, 1000), (64, 20_000)])
def test_shards_hold_every_pair_once_and_are_the_same_each_time(places, pairs):
    asked = [Pair(id=f"q{n}", disease={"id": "d"}, candidates=({"id": "c"},)) for n in range(pairs)]
    tries = Counter({"q0": 2})
    divided = list(divide(asked, tries, places, 4, first=3, part=0.5))
    assert [pair for shard in divided for pair in shard.pairs] == asked
    assert divided == list(divide(asked, tries, places, 4, first=3, part=0.5))
    assert all(shard.pairs for shard in divided)
    assert divided[0].name == "0003" and divided[0].tries["q0"] == 2


def test_shards_become_smaller_so_that_the_last_of_all_places_end_close_together():
    asked = [Pair(id=f"q{n}", disease={"id": "d"}, candidates=({"id": "c"},)) for n in range(1000)]
    sizes = [len(shard.pairs) for shard in divide(asked, Counter(), 2, 4, first=0, part=0.75)]
    assert sizes == [375, 375, 125, 125]


def test_many_shards_together_keep_to_the_limits():
    limits = Settings(workers=10, requests_per_minute=3, tokens_per_minute=1000)
    places = places_for(limits, most=8, pairs=100)
    share = for_one_of(places, limits)
    assert places == 3
    assert places * share.workers <= 10 and places * share.requests_per_minute <= 3
    assert 0 < places * share.tokens_per_minute <= 1000
