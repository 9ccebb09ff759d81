"""Runs through the Batch API: the same results for half the price, nothing ordered twice whatever happens."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from teaching import teaching
from test_faults import loaded, pairs_of, settings  # noqa: F401 - fixtures
from test_runs import many_pairs, results
from typer.testing import CliRunner

from kedrec.agents.models.openai_batch import collector as batches
from kedrec.agents.models.openai_batch.journal import read_orders
from kedrec.cli.app import app
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.run import start_run
from kedrec.errors import ConfigError, UserError

BATCH = {"engine": "batch", "batch_poll": 0.02, "timeout": 10.0}
PRICES = {"input_price": 1.0, "output_price": 1.0, "max_output_tokens": 200}


@pytest.fixture
def direct(settings, tmp_path):  # noqa: F811
    """Results of the direct run, where no request is sent twice, and what it cost; its answers are forgotten."""

    def run(teacher, count, **changes):
        summary = start_run(pairs_of(tmp_path, count), tmp_path / "direct", settings(teacher, workers=1, **changes))
        shutil.rmtree(tmp_path / "own-home" / "cache", ignore_errors=True)
        return (tmp_path / "direct" / "results.jsonl").read_bytes(), summary

    return run


def written(out: Path) -> bytes:
    return (out / "results.jsonl").read_bytes()


def test_a_run_by_batch_ends_with_the_file_of_the_direct_run_for_half_the_price(settings, direct, tmp_path):  # noqa: F811
    with teaching() as teacher:
        expected, dear = direct(teacher, 12, **PRICES)
        summary = start_run(pairs_of(tmp_path, 12), tmp_path / "out", settings(teacher, **PRICES, **BATCH))
        assert written(tmp_path / "out") == expected
        assert summary.spent.cost == pytest.approx(dear.spent.cost / 2)
        assert set(teacher.desk.answered.values()) == {1}
    orders = read_orders(tmp_path / "out" / "batches.jsonl")
    assert sum(order.requests for order in orders) == len(teacher.desk.answered)
    assert len(orders) < 10


def test_waves_are_cut_into_batches_no_larger_than_allowed(settings, direct, tmp_path):  # noqa: F811
    with teaching() as teacher:
        expected, _ = direct(teacher, 12)
        start_run(pairs_of(tmp_path, 12), tmp_path / "out", settings(teacher, **BATCH, batch_requests=5))
    assert written(tmp_path / "out") == expected
    orders = read_orders(tmp_path / "out" / "batches.jsonl")
    assert max(order.requests for order in orders) == 5
    assert all(order.over for order in orders)


def test_a_wave_waits_for_all_pairs_also_while_they_wait_for_each_other(settings, monkeypatch, tmp_path):  # noqa: F811
    monkeypatch.setattr(batches, "CALM", 0.002)
    with teaching() as teacher:
        start_run(pairs_of(tmp_path, 80), tmp_path / "out", settings(teacher, **BATCH))
    orders = read_orders(tmp_path / "out" / "batches.jsonl")
    assert len(orders) <= 5, [order.requests for order in orders]


def test_requests_that_an_ended_batch_left_unanswered_go_into_the_next(settings, direct, tmp_path):  # noqa: F811
    with teaching() as teacher:
        expected, _ = direct(teacher, 8)
        teacher.desk.endings = ["expired", "cancelled", "failed"]
        start_run(pairs_of(tmp_path, 8), tmp_path / "out", settings(teacher, **BATCH))
        assert written(tmp_path / "out") == expected
        assert set(teacher.desk.answered.values()) == {1}
    states = [order.status for order in read_orders(tmp_path / "out" / "batches.jsonl")]
    assert states[:3] == ["expired", "cancelled", "failed"] and set(states[3:]) == {"completed"}


def test_batches_that_always_fail_end_as_failures_that_can_be_retried(settings, tmp_path):  # noqa: F811
    with teaching() as teacher:
        teacher.desk.endings = ["failed"] * 2
        chosen = settings(teacher, **BATCH, retries=1)
        summary = start_run(pairs_of(tmp_path, 4), tmp_path / "out", chosen)
        assert summary.failed == {"ModelUnavailable": 4}
        assert "not this batch" in results(tmp_path / "out")[0]["error"]["message"]
        assert start_run(pairs_of(tmp_path, 4), tmp_path / "out", chosen).done == 4


def test_a_batch_that_is_too_much_for_the_account_is_ordered_in_smaller_ones(settings, tmp_path):  # noqa: F811
    with teaching() as teacher:
        teacher.desk.endings = ["too_much", "too_much"]
        summary = start_run(pairs_of(tmp_path, 8), tmp_path / "out", settings(teacher, **BATCH, retries=0))
    assert (summary.done, summary.failed) == (8, {})
    sizes = [order.requests for order in read_orders(tmp_path / "out" / "batches.jsonl")]
    assert sizes[0] >= 2 * sizes[1] >= 4 * max(sizes[2:])


def test_errors_of_single_requests_are_tried_again_where_that_can_help(settings, tmp_path):  # noqa: F811
    with teaching() as teacher:
        teacher.desk.faults = [500, 0, 429, 400, 200, 503]
        summary = start_run(pairs_of(tmp_path, 6), tmp_path / "out", settings(teacher, **BATCH))
        assert summary.failed == {"ModelRefused": 1}
        assert summary.done == 5
        assert sorted(teacher.desk.answered.values())[-2:] == [1, 2]


def test_a_server_that_stumbles_at_every_step_gets_no_order_twice(settings, direct, tmp_path):  # noqa: F811
    with teaching() as teacher:
        expected, _ = direct(teacher, 3)
        teacher.desk.trouble = ["upload", "create", "list", "look", "content"]
        start_run(pairs_of(tmp_path, 3), tmp_path / "out", settings(teacher, **BATCH))
        assert teacher.desk.trouble == []
        assert set(teacher.desk.answered.values()) == {1}
    assert written(tmp_path / "out") == expected


def test_a_budget_is_kept_and_more_of_it_ends_the_run_without_paying_twice(settings, direct, tmp_path):  # noqa: F811
    with teaching() as teacher:
        expected, whole = direct(teacher, 12, **PRICES)
        chosen, budget = settings(teacher, **PRICES, **BATCH), whole.spent.cost / 4
        stopped = start_run(pairs_of(tmp_path, 12), tmp_path / "out", chosen, budget=budget)
        assert "budget" in stopped.stopped
        assert 0 < stopped.spent.cost <= budget
        assert stopped.done < 12 and not stopped.failed
        rest = start_run(pairs_of(tmp_path, 12), tmp_path / "out", chosen, budget=1.0)
        assert set(teacher.desk.answered.values()) == {1}
    assert rest.stopped is None
    assert rest.spent.cost == pytest.approx(whole.spent.cost / 2)
    assert written(tmp_path / "out") == expected


def started(pairs: Path, out: Path, chosen) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", "from kedrec.cli import main; main()", "--home", str(chosen.home), "runs", "start"]
    options = ["--setting", "none", "--model", chosen.model, "--engine", "batch"]
    env = {
        "KEDREC_BASE_URL": chosen.base_url, "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "KEDREC_INPUT_PRICE": "1",
        "KEDREC_OUTPUT_PRICE": "1", "KEDREC_MAX_OUTPUT_TOKENS": "200", "KEDREC_BATCH_POLL": "0.02",
    }  # fmt: skip
    return subprocess.Popen(
        [*line, str(pairs), "--out", str(out), *options], stderr=subprocess.PIPE, text=True, env=env
    )


def test_killed_at_every_step_nothing_is_ordered_twice(settings, direct, tmp_path):  # noqa: F811
    path = many_pairs(tmp_path / "pairs.jsonl", 6)
    with teaching() as teacher:
        expected, whole = direct(teacher, 6, **PRICES)
        chosen = settings(teacher, **PRICES, **BATCH)
        for moment in ("arrive", "upload", "create", "look", "content"):
            teacher.desk.stalled.clear()
            teacher.desk.stall_at = moment
            process = started(path, tmp_path / "out", chosen)
            assert teacher.desk.stalled.wait(240), moment
            process.send_signal(signal.SIGKILL)
            process.communicate()
            teacher.desk.stall_at = None
        rest = start_run(read_pairs(path), tmp_path / "out", chosen)
        assert set(teacher.desk.answered.values()) == {1}
        kept = {batch["input_file_id"] for batch in teacher.desk.batches.values()}
        assert {name for name, file in teacher.desk.files.items() if file["purpose"] == "batch"} == kept
    assert written(tmp_path / "out") == expected
    assert rest.spent.cost == pytest.approx(whole.spent.cost / 2)


def test_ctrl_c_stops_waiting_and_the_same_command_collects(settings, direct, tmp_path):  # noqa: F811
    path = many_pairs(tmp_path / "pairs.jsonl", 6)
    with teaching() as teacher:
        expected, _ = direct(teacher, 6, **PRICES)
        teacher.desk.seconds = 3600
        chosen = settings(teacher, **PRICES, **BATCH)
        process = started(path, tmp_path / "out", chosen)
        while not any(order.batch_id for order in read_orders(tmp_path / "out" / "batches.jsonl")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 130
        assert "go on at the server" in said and "Traceback" not in said
        told = CliRunner().invoke(app, ["runs", "status", str(tmp_path / "out")])
        assert "Batch batch-1, " in told.stdout and "requests answered" in told.stdout
        with pytest.raises(UserError, match="--engine batch"):
            start_run(read_pairs(path), tmp_path / "out", settings(teacher, **PRICES))
        teacher.desk.seconds = 0
        for batch in teacher.desk.batches.values():
            batch["ready"] = 0
        start_run(read_pairs(path), tmp_path / "out", chosen)
        assert set(teacher.desk.answered.values()) == {1}
    assert written(tmp_path / "out") == expected
    assert not RunFolder(tmp_path / "out").status().batches


def test_a_kill_while_answers_are_paid_for_pays_for_none_twice(settings, tmp_path):  # noqa: F811
    """The run is put back to every moment between the first payment and the end of its last batch."""
    with teaching() as teacher:
        chosen = settings(teacher, **PRICES, **BATCH)
        whole = start_run(pairs_of(tmp_path, 3), tmp_path / "out", chosen)
        spent = (tmp_path / "out" / "spent.jsonl").read_bytes().splitlines(keepends=True)
        journal = (tmp_path / "out" / "batches.jsonl").read_bytes().splitlines(keepends=True)
        last = max(n for n, line in enumerate(journal) if json.loads(line).get("paid_from") is not None) - 1
        first = json.loads(journal[last])["paid_from"]
        for paid in range(first, len(spent) + 1):
            (tmp_path / "out" / "spent.jsonl").write_bytes(b"".join(spent[:paid]))
            (tmp_path / "out" / "batches.jsonl").write_bytes(b"".join(journal[: last + 1]))
            (tmp_path / "out" / "journal.jsonl").unlink()
            again = start_run(pairs_of(tmp_path, 3), tmp_path / "out", chosen)
            assert again.spent == whole.spent


def test_batches_are_for_models_behind_a_server(settings, tmp_path):  # noqa: F811
    with teaching() as teacher, pytest.raises(ConfigError, match="takes no batches"):
        start_run(pairs_of(tmp_path, 2), tmp_path / "out", settings(teacher, **BATCH, model="offline"))
