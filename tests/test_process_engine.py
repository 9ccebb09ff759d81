"""What is the processes' alone in a divided run: who ends when, and what is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from divided_runs import below, load_starter, own_home, same_file, settings_at, started, wait_until, workers_at
from teaching import teaching
from test_runs import many_pairs, outcome, results, wait_for_rows

from kedrec.agents.traces.store import TraceStore
from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.journal import read_rows
from kedrec.distill.runs.process_pool import open_process_pool
from kedrec.distill.runs.run import start_run
from kedrec.distill.runs.shards import Shard
from kedrec.errors import ConfigError, WorkError
from kedrec.records import ModelCall, Trace

PAIRS = 24


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return load_starter(tmp_path_factory.mktemp("loaded"))


@pytest.fixture
def settings(loaded, tmp_path):
    home = own_home(tmp_path / "own-home", loaded)
    return lambda teacher, **changes: settings_at(home, teacher, **({"engine": "processes"} | changes))


def ended(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def calls_of(trace: Trace) -> int:
    return sum(isinstance(call, ModelCall) for call in trace.calls)


def at_work(path: Path, out: Path, chosen: Settings) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """The command when it has some rows, and its two workers, both at a shard."""
    process = started(path, out, chosen, "--engine", "processes")
    wait_for_rows(out, 4, process)
    wait_until(lambda: len(workers_at(out)) == 2)
    workers = below(process.pid)
    assert {worker.pid for worker in workers} == workers_at(out)
    return process, workers


def test_killing_the_command_ends_its_workers_and_the_next_pays_for_the_calls_in_flight_alone(settings, tmp_path):
    path, out = many_pairs(tmp_path / "pairs.jsonl", PAIRS), tmp_path / "out"
    with teaching(latency=0.3) as teacher:
        chosen = settings(teacher, workers=4)
        command, workers = at_work(path, out, chosen)
        command.kill()
        command.communicate(timeout=60)
        wait_until(lambda: ended(workers))
        teacher.latency = 0.0
        start_run(read_pairs(path), out, chosen)
        paid = teacher.counts["answered"]
        start_run(read_pairs(path), tmp_path / "whole", settings(teacher, engine="direct"))
    assert same_file(out, tmp_path / "whole")
    needed = sum(calls_of(TraceStore(out / "traces").get(row["trace_id"])) for row in results(out))
    in_flight = 4 * 2
    assert paid <= needed + in_flight


def test_the_first_ctrl_c_lets_what_is_in_flight_finish_and_no_worker_hears_it_from_the_terminal(settings, tmp_path):
    path, out = many_pairs(tmp_path / "pairs.jsonl", PAIRS), tmp_path / "out"
    with teaching(latency=0.3) as teacher:
        command, workers = at_work(path, out, settings(teacher, workers=4))
        assert not {os.getsid(worker.pid) for worker in workers} & {os.getsid(command.pid)}
        os.killpg(command.pid, signal.SIGINT)
        said = command.communicate(timeout=60)[1]
    assert command.returncode == 130, said
    assert "Run the same command to resume" in said and "Traceback" not in said
    assert ended(workers)
    rows = read_rows(out / "journal.jsonl")
    assert 4 <= len(rows) < PAIRS
    assert all(row.error is None for row in rows)
    assert not (out / "shards").exists()


def test_the_second_ctrl_c_ends_at_once(settings, tmp_path):
    path, out = many_pairs(tmp_path / "pairs.jsonl", PAIRS), tmp_path / "out"
    with teaching(latency=0.1) as teacher:
        command, workers = at_work(path, out, settings(teacher, workers=4))
        teacher.latency = 12.0
        time.sleep(1.0)
        began = time.monotonic()
        os.killpg(command.pid, signal.SIGINT)
        time.sleep(1.5)
        assert command.poll() is None
        os.killpg(command.pid, signal.SIGINT)
        said = command.communicate(timeout=30)[1]
        assert time.monotonic() - began < 9
    assert command.returncode == 130, said
    assert "Traceback" not in said
    assert ended(workers)
    assert not (out / "shards").exists()


def test_what_goes_wrong_in_a_worker_is_told_in_a_sentence(settings, tmp_path, monkeypatch, capfd):
    pairs, out = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 4)), tmp_path / "out"
    monkeypatch.setattr("kedrec.distill.runs.process_pool.START", "import os; os._exit(3)")
    with teaching() as teacher, pytest.raises(WorkError, match=r"6 workers were lost.*ended with 3.*fewer --shards"):
        start_run(pairs, out, settings(teacher))
    monkeypatch.undo()
    with teaching() as teacher, open_process_pool(settings(teacher), RunFolder(tmp_path / "elsewhere"), 4) as pool:
        worker = pool.start(Shard(name="0000", pairs=pairs.questions, tries={}))
        assert list(pool.wait([worker], 60)) == [worker]
        assert "No run in" in pool.result(worker).problem
    assert "Traceback" not in capfd.readouterr().err


def test_no_process_is_left_when_a_run_is_over(settings, tmp_path):
    with teaching() as teacher:
        start_run(read_pairs(many_pairs(tmp_path / "pairs.jsonl", 4)), tmp_path / "out", settings(teacher))
    assert not [one for one in below(os.getpid()) if "process_worker" in " ".join(one.cmdline())]


def test_offline_pairs_are_divided_too(loaded, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 6))
    chosen = Settings(home=loaded, setting="none", workers=4, shards=2)
    start_run(pairs, tmp_path / "whole", chosen)
    start_run(pairs, tmp_path / "out", chosen.model_copy(update={"engine": "processes"}))
    assert outcome(results(tmp_path / "out")) == outcome(results(tmp_path / "whole"))


def test_weights_are_not_loaded_by_each_process(loaded, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 2))
    with pytest.raises(ConfigError, match="--engine direct"):
        start_run(pairs, tmp_path / "out", Settings(home=loaded, model="local:somewhere", engine="processes"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("workers", "pairs", "places"), [(64, 1000, 4), (40, 1000, 2), (64, 33, 2), (8, 1000, 1)])
def test_a_process_of_its_own_is_for_many_pairs_in_flight(settings, tmp_path, monkeypatch, workers, pairs, places):
    monkeypatch.setattr("kedrec.distill.runs.process_pool.processors", lambda: 4)
    with teaching() as teacher:
        chosen = settings(teacher, workers=workers, shards=None)
        with open_process_pool(chosen, RunFolder(tmp_path), pairs) as pool:
            assert (pool.places, pool.share.workers) == (places, workers // places)
