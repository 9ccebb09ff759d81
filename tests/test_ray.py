"""Runs divided over Ray's workers: the same file as an undivided run, whoever is killed, and nobody pays twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
from teaching import teaching
from test_runs import many_pairs, wait_for_rows

from kedrec.agents.models.purse import read_spent
from kedrec.agents.traces import TraceStore
from kedrec.config import Settings
from kedrec.distill.journal import read_rows
from kedrec.distill.pairs import Pair, read_pairs
from kedrec.distill.ray_crew import check_machines
from kedrec.distill.run_folder import RunFolder
from kedrec.distill.runs import start_run
from kedrec.distill.shard_flight import for_one_of, places_for
from kedrec.distill.shard_worker import fly_shard
from kedrec.distill.shards import Shard, divide
from kedrec.errors import Busy, NotReady

if find_spec("ray") is None:
    pytest.skip("Ray is not installed (pip install 'kedrec[ray]')", allow_module_level=True)

STARTER = Path(__file__).parent.parent / "examples" / "starter"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kedrec.graphdb.build import load_graph

    home = tmp_path_factory.mktemp("loaded")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    return home


@pytest.fixture(scope="module")
def cluster(loaded: Path) -> Iterator[Any]:
    """Two workers on this machine, for all tests of the module."""
    from kedrec.tools.ray_cluster import ray_cluster

    with ray_cluster(Settings(home=loaded), 2) as ray:
        yield ray


@pytest.fixture
def settings(loaded: Path, tmp_path: Path):
    """Settings for a teacher, in a home of its own whose graph is the loaded one."""
    home = tmp_path / "own-home"
    home.mkdir()
    (home / "graph").symlink_to(loaded / "graph")

    def made(teacher, **changes) -> Settings:
        known = {"home": home, "setting": "none", "workers": 8, "model": "openai:teacher", "base_url": teacher.url}
        return Settings.model_validate(known | {"temperature": 0.5, "shards": 2} | changes)

    return made


def listening() -> set[str]:
    """Addresses at which this process and those that it has started listen; one that has just ended does not."""
    here = psutil.Process()
    found = []
    for process in (here, *here.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            found += process.net_connections("inet")
    return {one.laddr.ip.removeprefix("::ffff:") for one in found if one.status == psutil.CONN_LISTEN}


def same_file(one: Path, other: Path) -> bool:
    return (one / "results.jsonl").read_bytes() == (other / "results.jsonl").read_bytes()


def workers_at(folder: Path) -> set[int]:
    """Processes that hold the lock of a shard."""
    held = {path.stat().st_ino for path in folder.glob("shards/*/lock")}
    lines = Path("/proc/locks").read_text().splitlines()
    return {int(line.split()[4]) for line in lines if int(line.split()[5].split(":")[2]) in held}


def signal_a_worker(folder: Path, signalled: list[int], number: signal.Signals) -> None:
    """Send a signal to the first worker that has finished some pairs of its shard."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not signalled:
        if sum(len(read_rows(path)) for path in folder.glob("shards/*/journal.jsonl")) >= 4:
            for worker in workers_at(folder):
                os.kill(worker, number)
                signalled.append(worker)
                return
        time.sleep(0.02)


def test_a_divided_run_of_which_a_worker_is_killed_ends_with_the_file_of_an_undivided_one(cluster, settings, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 40))
    with teaching(latency=0.1) as teacher:
        whole = start_run(pairs, tmp_path / "whole", settings(teacher))
        calls, killed = teacher.counts["answered"], []
        teacher.counts.clear()
        out = tmp_path / "out"
        killer = threading.Thread(target=signal_a_worker, args=(out, killed, signal.SIGKILL))
        killer.start()
        divided = start_run(pairs, out, settings(teacher, engine="ray"))
        killer.join()
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


def started(pairs: Path, out: Path, chosen: Settings, address: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", "from kedrec.cli import main; main()", "--home", str(chosen.home), "runs", "start"]
    options = ["--setting", "none", "--model", chosen.model, "--engine", "ray", "--shards", "2"]
    known = {"BASE_URL": chosen.base_url, "TEMPERATURE": "0.5", "WORKERS": "4", "RAY_ADDRESS": address}
    token = {"HOME": str(Path.home()), "RAY_AUTH_MODE": "token", "PATH": "/usr/bin:/bin"}
    token["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    env = {f"KEDREC_{name}": str(value) for name, value in known.items()} | token
    return subprocess.Popen(
        [*line, str(pairs), "--out", str(out), *options],
        stderr=subprocess.PIPE, text=True, env=env, start_new_session=True,
    )  # fmt: skip


def test_killed_stopped_and_gone_on_with_by_another_engine_it_is_still_the_same_file(cluster, settings, tmp_path):
    path, out = many_pairs(tmp_path / "pairs.jsonl", 40), tmp_path / "out"
    address = cluster.get_runtime_context().gcs_address
    with teaching(latency=0.2) as teacher:
        chosen = settings(teacher, workers=4)
        killed = started(path, out, chosen, address)
        wait_for_rows(out, 6, killed)
        with pytest.raises(Busy):
            start_run(read_pairs(path), out, chosen)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        stopped = started(path, out, chosen, address)
        wait_for_rows(out, 14, stopped)
        os.killpg(stopped.pid, signal.SIGINT)
        said = stopped.communicate(timeout=60)[1]
        assert stopped.returncode == 130, said
        assert "The same command goes on" in said and "Traceback" not in said
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
        start_run(pairs, tmp_path / "whole", chosen)
        calls = teacher.counts["answered"]
        teacher.counts.clear()
        start_run(pairs, out, chosen, limit=0)
        left = Shard(name="0000", pairs=pairs.questions[:5], tries={pair.id: 0 for pair in pairs.questions[:5]})
        assert fly_shard(chosen, out.resolve(), left) is None
        start_run(pairs, out, chosen)
    assert same_file(out, tmp_path / "whole")
    assert teacher.counts["answered"] == calls
    assert not (out / "shards").exists()


def test_a_worker_that_is_told_to_end_by_somebody_else_ends_no_run(cluster, settings, tmp_path):
    pairs, told = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 40)), []
    with teaching(latency=0.1) as teacher:
        start_run(pairs, tmp_path / "whole", settings(teacher))
        out = tmp_path / "out"
        teller = threading.Thread(target=signal_a_worker, args=(out, told, signal.SIGTERM))
        teller.start()
        divided = start_run(pairs, out, settings(teacher, engine="ray", shards=1))
        teller.join()
    assert len(told) == 1
    assert (divided.done, divided.failed, divided.stopped) == (40, {}, None)
    assert same_file(out, tmp_path / "whole")


def test_shards_share_a_budget_and_a_failed_pair_is_tried_once(cluster, settings, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 16))
    prices = {"input_price": 1.0, "output_price": 1.0, "max_output_tokens": 200, "workers": 4}
    with teaching(faults=0.1, kinds=("content_filter",)) as teacher:
        whole = start_run(pairs, tmp_path / "whole", settings(teacher, **prices))
        divided = settings(teacher, **prices, engine="ray")
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


def test_a_machine_without_the_graph_of_the_run_is_told_of(cluster, settings, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 2))
    with teaching() as teacher:
        chosen = settings(teacher)
        start_run(pairs, tmp_path / "out", chosen)
    run = RunFolder(tmp_path / "out")
    check_machines(cluster, chosen, run)
    with pytest.raises(NotReady, match=r"machine .* cannot work on this run.*No graph"):
        check_machines(cluster, chosen.model_copy(update={"home": tmp_path / "elsewhere"}), run)
    run.info_file.write_text(run.info_file.read_text("utf-8").replace('"graph_sha256": "', '"graph_sha256": "0'))
    with pytest.raises(NotReady, match="it has other data"):
        check_machines(cluster, chosen, run)


@pytest.mark.parametrize(("places", "pairs"), [(1, 7), (2, 7), (3, 1000), (64, 20_000)])
def test_shards_hold_every_pair_once_and_are_the_same_each_time(places, pairs):
    asked = [Pair(id=f"q{n}", disease={"id": "d"}, candidates=({"id": "c"},)) for n in range(pairs)]
    tries = Counter({"q0": 2})
    divided = list(divide(asked, tries, places, 4, first=3))
    assert [pair for shard in divided for pair in shard.pairs] == asked
    assert divided == list(divide(asked, tries, places, 4, first=3))
    assert len(divided) >= min(places, pairs)
    assert divided[0].name == "0003" and divided[0].tries["q0"] == 2


def test_many_shards_together_keep_to_the_limits():
    limits = Settings(workers=10, requests_per_minute=3, tokens_per_minute=1000)
    places = places_for(limits, most=8, pairs=100)
    share = for_one_of(places, limits)
    assert places == 3
    assert places * share.workers <= 10 and places * share.requests_per_minute <= 3
    assert 0 < places * share.tokens_per_minute <= 1000


def test_what_ray_opens_here_only_this_machine_can_reach(cluster):
    assert len(psutil.Process().children(recursive=True)) > 2
    assert listening() == {"127.0.0.1"}
