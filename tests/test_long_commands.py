"""What commands that take long say: how far they are, how to go on, what failed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from teaching import teaching

from kedrec.cli import main
from kedrec.cli.pairs_file import retryable
from kedrec.cli.terminal import spoken_bars
from kedrec.cli.terminal.bars import byte_bar, counting_bar
from kedrec.cli.terminal.when_stopped import KEPT, said_when_stopped

STARTER = Path(__file__).parent.parent / "examples" / "starter"


@pytest.fixture
def loaded(home):
    """A home with the starter graph."""
    from kedrec.graphdb.embedded.build import load_graph

    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    return home


def ended(*line: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in line])
    return int(stopped.value.code or 0)


def test_without_a_terminal_a_line_says_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(spoken_bars, "EVERY", 0.05)
    with counting_bar("pairs") as advance:
        advance(0, 40)
        advance(12, 40, " $1.00")
        time.sleep(0.2)
    with byte_bar() as told:
        told("names.gz", 2_000_000, 5_000_000)
        time.sleep(0.2)
    said = capsys.readouterr().err
    assert " $1.00: 12 of 40" in said
    assert "names.gz: 2.0 MB of 5.0 MB" in said
    time.sleep(0.2)
    assert capsys.readouterr().err == ""


def test_what_ends_soon_says_nothing(capsys):
    with counting_bar("pairs") as advance:
        advance(1, 1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", KEPT)
def test_a_long_command_that_is_stopped_says_how_to_go_on(command, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["kedrec.cli.app"], "app", stopped)
    assert ended("--home", "somewhere", *command.split(), "x") == 130
    assert KEPT[command] in capsys.readouterr().err
    assert "kedrec" not in KEPT[command]


def test_a_short_command_says_only_that_it_stopped():
    assert said_when_stopped(["graph", "info"]) == said_when_stopped([]) == "kedrec: stopped"


def test_a_run_that_failed_in_part_exits_1_and_says_how_to_try_again(loaded, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    line = ("runs", "start", STARTER / "pairs.jsonl", "--out", out, "--limit", 4, "--setting", "none")
    with teaching() as teacher:
        for name, value in (("BASE_URL", teacher.url), ("API_KEY", "none"), ("MODEL", "openai:teacher")):
            monkeypatch.setenv(f"KEDREC_{name}", value)
        assert ended(*line) == 0
        rows = [json.loads(row) for row in (out / "journal.jsonl").read_text("utf-8").splitlines()]
        rows[1] |= {"choice": None, "error": {"type": "ModelUnavailable", "message": "away"}}
        (out / "journal.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        capsys.readouterr()
        assert ended(*line, "--keep-failed") == 1
        said = capsys.readouterr().err
        assert "1 of 4 pairs failed" in said
        assert f"kedrec runs retry {out}" in said
        assert ended("runs", "retry", out) == 0


@pytest.mark.parametrize(("known", "code"), [(3, 0), (0, 1)])
def test_an_id_that_the_graph_lacks_is_a_row_and_fails_a_run_only_alone(loaded, tmp_path, capsys, known, code):
    rows = [json.loads(line) for line in (STARTER / "pairs.jsonl").read_text("utf-8").splitlines()[: known + 1]]
    for candidate in rows[0]["candidates"]:
        candidate.update(id=f"{candidate['id']}9999", name="")
    pairs, out = tmp_path / "pairs.jsonl", tmp_path / "out"
    pairs.write_text("".join(json.dumps({**row, "answer": row["candidates"][0]["id"]}) + "\n" for row in rows))
    assert ended("runs", "start", pairs, "--out", out, "--setting", "none") == code
    said = capsys.readouterr().err
    assert f"1 of {known + 1} pairs hold an id that the graph does not have" in said
    assert ("Next: kedrec dataset build" in said) == (code == 0)
    assert ended("eval", "selection", pairs, "--setting", "none") == code


@pytest.mark.parametrize(("failed", "mended"), [({"ModelUnavailable": 1}, 1), ({"UnknownEntity": 2}, 0), ({}, 0)])
def test_what_another_try_may_mend_is_told_from_what_it_may_not(failed, mended):
    assert retryable(failed) == mended
    assert retryable({**failed, "AmbiguousName": 3, "TimedOut": 2}) == mended + 2


def test_names_that_are_not_clear_keep_a_run_from_beginning(loaded, tmp_path, capsys):
    row = json.loads((STARTER / "pairs.jsonl").read_text("utf-8").splitlines()[0])
    named = [row["disease"]["name"], *(drug["name"] for drug in row["candidates"])]
    pairs, out = tmp_path / "pairs.tsv", tmp_path / "out"
    pairs.write_text("".join("\t".join(line) + "\n" for line in ([*named, named[1]], [*named[:2], "qwxzzy"])), "utf-8")
    assert ended("runs", "start", pairs, "--out", out, "--setting", "none") == 2
    assert "line 2: drug “qwxzzy”" in capsys.readouterr().err
    assert not out.exists()
    assert ended("runs", "start", pairs, "--out", out, "--setting", "none", "--skip-unknown") == 0
    assert "left out, line 2: drug “qwxzzy”" in capsys.readouterr().err
    assert len((out / "results.jsonl").read_text("utf-8").splitlines()) == 1
    scored = ("eval", "selection", pairs, "--setting", "none", "--skip-unknown", "--json")
    assert ended(*scored) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 1
    assert ended(*scored[:-2]) == 2
