"""Runs against a server that is slow, full, broken and dear: every pair ends answered or listed, nothing paid twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from teaching import teaching
from test_runs import many_pairs, results, wait_for_rows
from typer.testing import CliRunner

from kedrec.cli.app import app
from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.export import export_run
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.run import retry_run, start_run
from kedrec.errors import ConfigError
from kedrec.eval.bench_runs import faults as bench_faults
from kedrec.eval.bench_runs.fake_server import FAULTS

STARTER = Path(__file__).parent.parent / "examples" / "starter"
FOR_GOOD = {"too_long", "content_filter"}
"""Faults that no other try can mend."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from kedrec.graphdb.embedded.build import load_graph

    home = tmp_path_factory.mktemp("loaded")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    return home


@pytest.fixture
def settings(loaded: Path, tmp_path: Path):
    """Settings for a teacher; a home of its own whose graph is the loaded one, so that no answer is known before."""
    home = tmp_path / "own-home"
    home.mkdir()
    (home / "graph").symlink_to(loaded / "graph")

    def made(teacher, **changes) -> Settings:
        known = {"home": home, "setting": "none", "workers": 8, "model": "openai:teacher", "base_url": teacher.url}
        return Settings.model_validate(known | {"timeout": 2.0} | changes)

    return made


def pairs_of(tmp_path: Path, count: int):
    return read_pairs(many_pairs(tmp_path / "pairs.jsonl", count))


def test_many_pairs_are_answered_by_a_teacher_behind_a_server(settings, tmp_path):
    with teaching(latency=0.05) as teacher:
        summary = start_run(pairs_of(tmp_path, 24), tmp_path / "out", settings(teacher))
    assert (summary.done, summary.failed, summary.stopped) == (24, {}, None)
    assert all(row["choice"] for row in results(tmp_path / "out"))
    assert 8 <= teacher.most_in_flight <= 16


def test_with_a_fifth_of_all_calls_faulty_every_pair_is_answered_or_listed(settings, tmp_path):
    pairs = pairs_of(tmp_path, 40)
    with teaching(faults=0.2, stall=5.0) as teacher:
        summary = start_run(pairs, tmp_path / "out", settings(teacher, timeout=0.5, retries=2))
        assert summary.done + sum(summary.failed.values()) == 40
        assert set(teacher.counts) >= set(FAULTS) - {"stalled"}
        assert set(summary.failed) <= {"ModelRefused", "ModelUnavailable"}
        rows = RunFolder(tmp_path / "out").rows()
        assert all(row.error["message"] for row in rows.values() if row.error)
        assert len(results(tmp_path / "out")) == 40
        teacher.faults = 0.0
        again = retry_run(tmp_path / "out", settings(teacher))
    assert (again.pairs, again.failed) == (sum(summary.failed.values()), {})
    assert not any(row["error"] for row in results(tmp_path / "out"))


def test_a_storm_of_429_is_sat_out(settings, tmp_path):
    with teaching(faults=0.6, kinds=("rate_limit",)) as teacher:
        summary = start_run(pairs_of(tmp_path, 12), tmp_path / "out", settings(teacher, retries=0))
    assert (summary.done, summary.failed) == (12, {})
    assert teacher.counts["rate_limit"] > 12


def test_what_cannot_be_mended_is_listed_and_asked_once(settings, tmp_path):
    with teaching(faults=1.0, kinds=("content_filter",)) as teacher:
        summary = start_run(pairs_of(tmp_path, 4), tmp_path / "out", settings(teacher, retries=5))
    assert summary.failed == {"ModelRefused": 4}
    assert teacher.counts["content_filter"] == 4


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_a_budget_stops_in_time_and_nothing_is_paid_for_twice(settings, tmp_path, temperature):
    pairs = pairs_of(tmp_path, 12)
    prices = {"input_price": 1.0, "output_price": 1.0, "max_output_tokens": 200, "temperature": temperature}
    with teaching(latency=0.01) as teacher:
        whole = start_run(pairs, tmp_path / "whole", settings(teacher, **prices, workers=3))
        calls = teacher.counts["answered"]
        shutil.rmtree(tmp_path / "own-home" / "cache", ignore_errors=True)
        teacher.counts.clear()
        budget = whole.spent.cost / 2
        stopped = start_run(pairs, tmp_path / "out", settings(teacher, **prices, workers=3), budget=budget)
        assert "budget" in stopped.stopped
        assert 0 < stopped.spent.cost <= budget
        assert stopped.done < 12 and not stopped.failed
        rest = start_run(pairs, tmp_path / "out", settings(teacher, **prices, workers=3), budget=1.0)
    assert (rest.done, rest.stopped) == (12, None)
    assert teacher.counts["answered"] == calls
    assert rest.spent.cost == pytest.approx(whole.spent.cost)
    assert results(tmp_path / "out") == results(tmp_path / "whole")


def test_a_budget_for_a_model_that_costs_nothing_is_refused(settings, tmp_path):
    with teaching() as teacher, pytest.raises(ConfigError, match="costs nothing"):
        start_run(pairs_of(tmp_path, 2), tmp_path / "out", settings(teacher, model="offline"), budget=1.0)
    with teaching() as teacher, pytest.raises(ConfigError, match="prices"):
        start_run(pairs_of(tmp_path, 2), tmp_path / "out", settings(teacher), budget=1.0)


def started(pairs: Path, out: Path, chosen: Settings) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", "from kedrec.cli import main; main()", "--home", str(chosen.home), "runs", "start"]
    options = ["--setting", "none", "--workers", "4", "--model", chosen.model]
    env = {"KEDREC_BASE_URL": chosen.base_url, "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    return subprocess.Popen(
        [*line, str(pairs), "--out", str(out), *options], stderr=subprocess.PIPE, text=True, env=env
    )


def test_killed_at_any_moment_it_ends_with_the_same_file_and_pays_for_no_finished_call_again(settings, tmp_path):
    path = many_pairs(tmp_path / "pairs.jsonl", 40)
    with teaching(latency=0.1) as teacher:
        chosen = settings(teacher, workers=4, timeout=60.0)
        start_run(read_pairs(path), tmp_path / "whole", chosen)
        calls = teacher.counts["answered"]
        shutil.rmtree(tmp_path / "own-home" / "cache")
        teacher.counts.clear()
        process = started(path, tmp_path / "out", chosen)
        wait_for_rows(tmp_path / "out", 6, process)
        watched = CliRunner().invoke(app, ["runs", "status", str(tmp_path / "out"), "--json"])
        assert json.loads(watched.stdout)["running"] is True
        assert json.loads(watched.stdout)["done"] >= 6
        process.send_signal(signal.SIGKILL)
        process.communicate()
        start_run(read_pairs(path), tmp_path / "out", chosen)
    assert (tmp_path / "out" / "results.jsonl").read_bytes() == (tmp_path / "whole" / "results.jsonl").read_bytes()
    in_flight = 4
    assert calls <= teacher.counts["answered"] <= calls + in_flight


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_what_is_there_can_be_exported_while_a_run_is_at_work(settings, tmp_path, suffix):
    import polars as pl

    with teaching(faults=0.3, kinds=("content_filter",)) as teacher:
        start_run(pairs_of(tmp_path, 8), tmp_path / "out", settings(teacher), limit=6)
    out = tmp_path / f"so-far{suffix}"
    done = CliRunner().invoke(app, ["runs", "export", str(tmp_path / "out"), "--out", str(out)])
    assert done.exit_code == 0
    read = {".jsonl": pl.read_ndjson, ".csv": pl.read_csv, ".parquet": pl.read_parquet}[suffix](out)
    assert read["pair_id"].to_list() == [f"q{n}" for n in range(6)]
    answered = read.filter(pl.col("choice").is_not_null())
    assert all("[K" in text for text in answered["rationale"])
    assert set(read["error"].drop_nulls()) <= {"ModelRefused"}


def test_status_of_a_run_that_is_over_and_of_none(settings, tmp_path):
    with teaching() as teacher:
        start_run(pairs_of(tmp_path, 3), tmp_path / "out", settings(teacher, input_price=2.0))
    told = CliRunner().invoke(app, ["runs", "status", str(tmp_path / "out")])
    assert "3 of 3 pairs done, nobody at work" in told.stdout
    assert "model calls paid for" in told.stdout and "$" in told.stdout
    none = subprocess.run(
        [sys.executable, "-c", "from kedrec.cli import main; main()", "runs", "status", str(tmp_path / "no")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert none.returncode == 2 and "No run in" in none.stderr


def test_questions_are_kept_without_their_answers(settings, tmp_path):
    with teaching() as teacher:
        start_run(pairs_of(tmp_path, 2), tmp_path / "out", settings(teacher))
    assert "answer" not in (tmp_path / "out" / "questions.jsonl").read_text()
    assert time.time() - 600 < RunFolder(tmp_path / "out").rows()["q0"].finished <= time.time()


def test_the_benchmark_of_faults_finds_no_pair_lost_and_the_same_file_after_kills(loaded, monkeypatch, capfd):
    monkeypatch.setattr(bench_faults, "KILLED_PAIRS", 6)
    bench_faults.main(["--home", str(loaded), "--pairs", "6", "--kills", "2"])
    cells = [[cell.strip() for cell in line.split("|")] for line in capfd.readouterr().out.splitlines() if "|" in line]
    (faulty,) = (row for row in cells if row[1].startswith("6 pairs"))
    assert faulty[4] == "0"
    assert cells[-1][3] == "yes" and int(cells[-1][5]) >= int(cells[-1][4])


def test_a_password_in_the_address_is_in_no_file_of_a_run_and_a_retry_takes_that_of_the_settings(settings, tmp_path):
    with teaching(faults=1.0, kinds=("content_filter",)) as teacher:
        address = teacher.url.replace("://", "://me:pass-in-address-1@")
        chosen = settings(teacher, base_url=address)
        start_run(pairs_of(tmp_path, 2), tmp_path / "out", chosen)
        written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
        assert written and not any(b"pass-in-address" in content for content in written)
        teacher.faults = 0.0
        assert retry_run(tmp_path / "out", chosen).done == 2


@pytest.mark.parametrize("cut", [40, 10_000_000])
def test_a_run_whose_traces_were_damaged_is_exported_with_what_is_left(settings, tmp_path, cut):
    with teaching() as teacher:
        start_run(pairs_of(tmp_path, 6), tmp_path / "out", settings(teacher, workers=1))
    frames = tmp_path / "out" / "traces" / "traces.frames"
    os.truncate(frames, max(0, frames.stat().st_size - cut))
    assert export_run(tmp_path / "out", tmp_path / "out.jsonl") == 6
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    lost = [row for row in rows if not row["rationale"]]
    assert all(row["choice"] for row in rows) and all(row["cost"] is None for row in lost)
    assert len(lost) == (1 if cut == 40 else 6)
