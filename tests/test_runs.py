"""Runs over many pairs: resumable whatever happens, one row per pair, nobody else in the folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import permutations
from pathlib import Path

import pytest

from kedrec.agents.traces.locate import find_trace
from kedrec.agents.traces.store import TraceStore
from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.run import start_run
from kedrec.errors import Busy, NotReady, UserError
from kedrec.locks import writing

STARTER = Path(__file__).parent.parent / "examples" / "starter"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the starter graph and nothing else."""
    from kedrec.graphdb.embedded.build import load_graph

    home = tmp_path_factory.mktemp("loaded")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    return home


@pytest.fixture
def settings(loaded: Path) -> Settings:
    return Settings(home=loaded, setting="none", workers=3)


def many_pairs(path: Path, count: int) -> Path:
    """Questions about one disease of the starter graph: every ordered couple of some of its drugs."""
    items = [json.loads(line) for line in (STARTER / "pairs.jsonl").read_text("utf-8").splitlines()]
    drugs = list({drug["id"]: drug for item in items for drug in item["candidates"]}.values())
    rows = [
        {"id": f"q{n}", "disease": items[n % len(items)]["disease"], "candidates": [a, b], "answer": a["id"]}
        for n, (a, b) in zip(range(count), permutations(drugs, 2), strict=False)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def results(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]


def outcome(rows: list[dict]) -> list[tuple]:
    return [(row["pair_id"], row["choice"], row["abstained"], row["error"]) for row in rows]


def command(pairs: Path, out: Path, home: Path) -> subprocess.Popen[str]:
    line = [
        sys.executable,
        "-c",
        "from kedrec.cli import main; main()",
        "--home",
        str(home),
        "runs",
        "start",
        str(pairs),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*line, "--out", str(out), "--setting", "none", "--workers", "2"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def wait_for_rows(out: Path, count: int, process: subprocess.Popen[str]) -> None:
    journal = out / "journal.jsonl"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.005)
    raise AssertionError(f"no {count} rows: exit {process.poll()}")


def test_a_finished_run_has_one_row_per_pair_in_the_order_of_the_file(settings, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 9))
    told = []
    summary = start_run(pairs, tmp_path / "out", settings, on_progress=told.append)
    assert [row["pair_id"] for row in results(tmp_path / "out")] == [f"q{n}" for n in range(9)]
    assert set(results(tmp_path / "out")[0]) == {"pair_id", "choice", "leaning", "abstained", "error", "trace_id"}
    assert (summary.pairs, summary.done, summary.failed) == (9, 9, {})
    assert [(progress.done, progress.pairs) for progress in (told[0], told[-1])] == [(0, 9), (9, 9)]


def test_each_row_has_its_trace_in_the_run_and_the_home_knows_where(settings, tmp_path):
    start_run(read_pairs(many_pairs(tmp_path / "pairs.jsonl", 3)), tmp_path / "out", settings)
    for row in results(tmp_path / "out"):
        made = TraceStore(tmp_path / "out" / "traces").get(row["trace_id"])
        assert made.recommendation is not None
        assert made.recommendation.choice == row["choice"]
        assert find_trace(settings.home / "traces", row["trace_id"]) == made


def test_a_run_that_was_killed_is_finished_with_the_same_rows(settings, tmp_path):
    path = many_pairs(tmp_path / "pairs.jsonl", 80)
    process = command(path, tmp_path / "killed", settings.home)
    wait_for_rows(tmp_path / "killed", 5, process)
    process.kill()
    process.communicate()
    assert not (tmp_path / "killed" / "results.jsonl").exists()
    before = RunFolder(tmp_path / "killed").rows()
    with (tmp_path / "killed" / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"pair_id": "q9')
    pairs = read_pairs(path)
    assert start_run(pairs, tmp_path / "killed", settings).done == 80
    start_run(pairs, tmp_path / "whole", settings)
    after = results(tmp_path / "killed")
    assert outcome(after) == outcome(results(tmp_path / "whole"))
    kept = {row["pair_id"]: row["trace_id"] for row in after}
    assert 5 <= len(before) < 80
    assert all(kept[name] == row.trace_id for name, row in before.items())


def test_ctrl_c_finishes_what_is_in_flight_and_the_same_command_goes_on(settings, tmp_path):
    path = many_pairs(tmp_path / "pairs.jsonl", 80)
    process = command(path, tmp_path / "out", settings.home)
    wait_for_rows(tmp_path / "out", 3, process)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Run the same command to resume" in said
    assert "Traceback" not in said
    rows = RunFolder(tmp_path / "out").rows()
    assert 3 <= len(rows) < 80
    assert all(row.error is None for row in rows.values())
    assert start_run(read_pairs(path), tmp_path / "out", settings).done == 80


def test_a_second_process_is_refused(settings, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 2))
    with writing(tmp_path / "out"), pytest.raises(Busy):
        start_run(pairs, tmp_path / "out", settings)
    assert start_run(pairs, tmp_path / "out", settings).done == 2


def test_a_limit_can_be_raised_later(settings, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 5))
    assert start_run(pairs, tmp_path / "out", settings, limit=2).pairs == 2
    first = results(tmp_path / "out")
    start_run(pairs, tmp_path / "out", settings)
    assert results(tmp_path / "out")[:2] == first
    assert len(results(tmp_path / "out")) == 5


def test_a_smaller_limit_later_loses_no_results(settings, tmp_path):
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 5))
    start_run(pairs, tmp_path / "out", settings)
    start_run(pairs, tmp_path / "out", settings, limit=2)
    assert len(results(tmp_path / "out")) == 5


@pytest.mark.parametrize("other", ["pairs", "setting", "hiding", "limits"])
def test_a_run_of_something_else_into_the_same_folder_is_refused(settings, tmp_path, other):
    start_run(read_pairs(many_pairs(tmp_path / "pairs.jsonl", 2)), tmp_path / "out", settings)
    before = results(tmp_path / "out")
    pairs = read_pairs(many_pairs(tmp_path / "pairs.jsonl", 3 if other == "pairs" else 2))
    changed = {"setting": {"setting": "both"}, "limits": {"passages": 1}}.get(other, {})
    with pytest.raises(UserError, match="run of something else"):
        start_run(pairs, tmp_path / "out", settings.model_copy(update=changed), hide_pairs=other == "hiding")
    assert results(tmp_path / "out") == before


def test_a_folder_with_something_else_in_it_is_refused(settings, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="no run"):
        start_run(read_pairs(many_pairs(tmp_path / "pairs.jsonl", 2)), tmp_path / "out", settings)
    with pytest.raises(NotReady):
        RunFolder(tmp_path / "out").status()


def unknown_drug(path: Path) -> Path:
    rows = [json.loads(line) for line in many_pairs(path, 3).read_text("utf-8").splitlines()]
    rows[1]["candidates"][1] = {"id": "Compound::nowhere"}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_pair_that_fails_is_a_typed_row_and_is_tried_again(settings, tmp_path):
    pairs = read_pairs(unknown_drug(tmp_path / "pairs.jsonl"))
    summary = start_run(pairs, tmp_path / "out", settings)
    assert (summary.done, summary.failed) == (2, {"UnknownEntity": 1})
    first = results(tmp_path / "out")
    assert first[1]["choice"] is None
    assert first[1]["error"]["type"] == "UnknownEntity"
    assert "nowhere" in first[1]["error"]["message"]
    start_run(pairs, tmp_path / "out", settings, keep_failed=True)
    assert results(tmp_path / "out") == first
    start_run(pairs, tmp_path / "out", settings)
    again = results(tmp_path / "out")
    assert again[1]["trace_id"] != first[1]["trace_id"]
    assert again[::2] == first[::2]


def test_what_is_known_of_the_answers_reaches_no_trace(settings, tmp_path):
    rows = [json.loads(line) for line in many_pairs(tmp_path / "pairs.jsonl", 2).read_text("utf-8").splitlines()]
    marked = [{**row, "negative_kind": "secret-kind", "answer": row["candidates"][1]["id"]} for row in rows]
    (tmp_path / "marked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in marked))
    start_run(read_pairs(tmp_path / "pairs.jsonl"), tmp_path / "plain", settings)
    start_run(read_pairs(tmp_path / "marked.jsonl"), tmp_path / "marked", settings)
    assert outcome(results(tmp_path / "plain")) == outcome(results(tmp_path / "marked"))
    for row in results(tmp_path / "marked"):
        assert "secret-kind" not in TraceStore(tmp_path / "marked" / "traces").get(row["trace_id"]).model_dump_json()
