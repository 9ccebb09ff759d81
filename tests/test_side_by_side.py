"""Searches in forks: the same answers in the same order, and no process left, whatever ends first."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from graph_stores import write_tsv

from kedrec.errors import WorkError
from kedrec.graphdb.embedded import fork_pool as forks
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are made on Linux only")

SLEEPER = """
import time
from kedrec.graphdb.embedded import fork_pool as forks
forks.processors = lambda: 3
def search(n):
    print(n, flush=True)
    time.sleep(60)
with forks.side_by_side(search, range(2000)) as found:
    print(*found)
"""


@pytest.fixture(autouse=True)
def three_forks(monkeypatch):
    monkeypatch.setattr(forks, "processors", lambda: 3)
    monkeypatch.setattr(forks, "PART", 7)


def whose(n):
    return n, os.getpid()


def found_by(search, asked):
    with forks.side_by_side(search, asked) as found:
        return list(found)


def test_many_are_searched_by_forks_in_order():
    found = found_by(whose, range(2_000))
    assert [n for n, _ in found] == list(range(2_000))
    assert os.getpid() not in {pid for _, pid in found}


def test_few_are_searched_by_this_process():
    assert {pid for _, pid in found_by(whose, range(20))} == {os.getpid()}


def test_what_a_search_raises_arrives():
    with pytest.raises(ZeroDivisionError):
        found_by(lambda n: 1 // (1_500 - n), range(2_000))


def test_a_killed_fork_is_told_of():
    with pytest.raises(WorkError, match=r"2,000 searches was killed"):
        found_by(lambda n: os.kill(os.getpid(), signal.SIGKILL), range(2_000))


def test_who_stops_listening_waits_for_no_more_than_has_begun():
    started = time.monotonic()
    with forks.side_by_side(lambda n: time.sleep(0.01), range(2_000)) as found:
        next(found)
    assert time.monotonic() - started < 5
    assert not multiprocessing.active_children()


@pytest.fixture
def third_fork_fails(monkeypatch):
    def failing(error):
        forked, made = os.fork, []

        def fork():
            made.append(None)
            if len(made) == 3:
                raise error
            return forked()

        monkeypatch.setattr(os, "fork", fork)

    return failing


def test_without_a_process_for_every_fork_this_one_searches(third_fork_fails):
    third_fork_fails(BlockingIOError("no process left"))
    assert {pid for _, pid in found_by(whose, range(2_000))} == {os.getpid()}
    assert not multiprocessing.active_children()


def test_ctrl_c_while_forking_leaves_no_fork(third_fork_fails):
    third_fork_fails(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        found_by(whose, range(2_000))
    assert not multiprocessing.active_children()


def forked_by(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pids):
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_no_fork_outlives_its_parent(end):
    parent = subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert parent.stdout.readline().strip().isdigit()
    children = forked_by(parent.pid)
    assert len(children) == 3
    parent.send_signal(end)
    if end == signal.SIGINT:
        parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while not gone(children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(children)


def test_the_evidence_of_many_pairs_is_that_of_each(tmp_path, monkeypatch):
    monkeypatch.setattr(forks, "WORTH_FORKS", 2)
    links = [(f"Compound::{n % 5}", "DRUGBANK::target::Compound:Gene", f"Gene::{n % 7}") for n in range(35)]
    links += [(f"Disease::{n % 4}", "Hetionet::DaG::Disease:Gene", f"Gene::{n % 6}") for n in range(24)]
    links += [(f"Compound::{n}", "Hetionet::CtD::Compound:Disease", f"Disease::{n}") for n in range(3)]
    load_graph([write_tsv(tmp_path / "t.tsv", links)], None, tmp_path / "graph")
    store = EmbeddedStore.open(tmp_path / "graph").hiding(frozenset({frozenset({"Compound::1", "Disease::1"})}))
    pairs = [(f"Compound::{a}", f"Disease::{b}") for a in range(6) for b in range(5)]
    found = store.batch_evidence(pairs)
    assert found == [store.batch_evidence([pair])[0] for pair in pairs]
    assert sum(len(pair.paths) for pair in found) > 50
