"""A home whose files were emptied or cut off, or that the system will not give: told first, and never as an answer."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from world import BARI, DISEASE, METHO, SULFA, build

from kedrec.agents.agent import Agent
from kedrec.agents.offline.weigher import LINKS
from kedrec.agents.recommend import rank_drugs
from kedrec.agents.resources import Resources
from kedrec.cli.app import main
from kedrec.config import Settings
from kedrec.errors import DamagedData, NotReady, WorkError
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.os_error_causes import cause_of
from kedrec.tools.library.schema import connect
from kedrec.tools.literature import Literature

LINE = [sys.executable, "-c", "from kedrec.cli import main; main()"]
PARTS = ("graph/version-000001", "literature/lexical", "derived")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = build(tmp_path_factory.mktemp("whole") / "home")
    Resources.open(settings).weigher().prepare()
    return settings.home


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "home"))


def files_of(home: Path) -> list[Path]:
    return [path for part in PARTS for path in sorted((home / part).rglob("*")) if path.is_file()]


def kedrec(home: Path, capsys, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home), *words])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.parametrize("share", [0, 2, 3])
def test_a_file_emptied_or_cut_off_is_told_first_and_exits_1(home, capsys, monkeypatch, share):
    monkeypatch.setenv("KEDREC_HOME", "")
    for path in files_of(home):
        held = path.read_bytes()
        if not held[: len(held) // (share or 1)] or LINKS in path.parts:
            continue  # empty as it should be, or solved again where it is damaged
        path.write_bytes(held[: len(held) // share] if share else b"")
        code, out, err = kedrec(home, capsys, "compare", DISEASE, BARI, SULFA, METHO)
        first = (out or err).splitlines()[0]
        assert (path.name, code) == (path.name, 1)
        assert first.startswith(("FAILED: ", "kedrec: ")), path
        assert "confidence 0." not in out and "confidence 1." not in out, path
        assert "Traceback" not in err, path
        path.write_bytes(held)


def test_in_json_what_failed_comes_first_and_the_confidence_is_that_of_a_guess(home, capsys):
    for path in home.glob("derived/*/*/arrays.npz"):
        path.write_bytes(b"")
    code, out, _ = kedrec(home, capsys, "compare", DISEASE, BARI, SULFA, METHO, "--json")
    made = json.loads(out)
    assert (code, next(iter(made)), len(made["failed"])) == (1, "failed", 1)
    assert "kedrec model derive" in made["failed"][0] and made["confidence"] == pytest.approx(1 / 3)
    assert not any("failed" in note for note in made["not_found"])


def test_a_whole_home_has_nothing_that_failed(home, capsys):
    code, out, _ = kedrec(home, capsys, "compare", DISEASE, BARI, SULFA, "--json")
    assert (code, json.loads(out)["failed"]) == (0, [])


@pytest.mark.parametrize("words", [("recommend", DISEASE), ("ask", "What is best for alopecia areata?")])
def test_where_nothing_can_be_ranked_one_line_says_so(home, capsys, words):
    for path in home.glob("derived/*/articles/*"):
        path.write_bytes(b"")
    code, out, err = kedrec(home, capsys, *words)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "damaged" in err


def test_ask_and_chat_say_what_failed(home, capsys, monkeypatch):
    for path in home.glob("literature/lexical/articles-*/words.npy"):
        os.truncate(path, path.stat().st_size - 1)
    question = "Is baricitinib or sulfasalazine better for alopecia areata?"
    code, out, _ = kedrec(home, capsys, "ask", question)
    assert (code, out.splitlines()[0][:23]) == (1, "FAILED: search_articles")
    done = subprocess.run(
        [*LINE, "--home", str(home), "chat"], input=question, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("FAILED: search_articles") and "confidence unknown" in done.stdout


def test_what_was_damaged_is_derived_anew(home):
    settings = Settings(home=home)
    for path in home.glob("derived/*/trials/documents.json"):
        path.write_text("")
    with pytest.raises(DamagedData):
        rank_drugs(Resources.open(settings), DISEASE, "both", 3)
    Resources.open(settings).weigher().prepare()
    assert rank_drugs(Resources.open(settings), DISEASE, "both", 3).drugs


@pytest.mark.parametrize("name", ["synonyms.txt", "relations.txt", "folded.txt", "loose.txt"])
def test_the_names_of_a_graph_of_before_sizes_were_kept_are_missed_too(home, name):
    version = home / "graph" / "version-000001"
    manifest = json.loads((version / "manifest.json").read_text())
    del manifest["bytes"]
    (version / "manifest.json").write_text(json.dumps(manifest))
    assert EmbeddedStore.open(home / "graph").search("baricitinib").entity
    (version / name).write_bytes(b"")
    with pytest.raises(DamagedData, match="kedrec graph load"):
        store = EmbeddedStore.open(home / "graph")
        store.search("hair loss, patchy")
        store.search("Olumiant 2")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT])
def test_what_the_system_will_not_do_is_never_answered_by_throwing_data_away(number):
    told = cause_of(OSError(number, os.strerror(number))) or ""
    assert told and "move it away" not in told and "delete it" not in told


def test_a_full_database_is_no_damaged_one(tmp_path):
    library = Literature.open(tmp_path, Settings(home=tmp_path)).library
    with pytest.raises(WorkError, match="disk is full") as told, library.write() as shelf:
        pages = shelf.connection.execute("PRAGMA page_count").fetchone()[0]
        shelf.connection.execute(f"PRAGMA max_page_count = {pages}")
        shelf.note("large", "x" * 1_000_000)
    assert not isinstance(told.value, DamagedData) and "ove it away" not in str(told.value)


def test_a_damaged_database_is_told_as_one(home, tmp_path):
    (tmp_path / "text.sqlite").write_text("no database " * 100)
    with pytest.raises(DamagedData, match="move it away"):
        connect(tmp_path / "text.sqlite")
    path = home / "literature" / "library.sqlite"
    path.write_bytes(path.read_bytes()[:4096] + b"\0" * (path.stat().st_size - 4096))
    with pytest.raises(DamagedData, match="library"):
        Literature.open(home / "literature", Settings(home=home)).info()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_home_without_rights_names_the_rights(home):
    for path in (home / "graph" / "version-000001").iterdir():
        path.chmod(0)
    done = subprocess.run([*LINE, "--home", str(home), "graph", "info"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "access is denied" in done.stderr and "Load it again" not in done.stderr


def test_errors_of_sqlite_are_told_apart():
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA query_only = 1")
    with pytest.raises(sqlite3.OperationalError) as refused:
        connection.execute("CREATE TABLE t(x)")
    assert "read-only" in (cause_of(refused.value) or "")
    with pytest.raises(sqlite3.OperationalError) as mistaken:
        connection.execute("SELECT nothing")
    assert cause_of(mistaken.value) is None


def test_what_another_version_derived_is_refused_and_not_passed_over(tmp_path):
    settings = build(tmp_path / "home")
    Resources.open(settings).weigher().prepare()
    Agent.open(settings).close()
    for manifest in (settings.home / "derived").glob("*/*/manifest.json"):
        manifest.write_text(manifest.read_text("utf-8").replace('"format": ', '"format": 9'), "utf-8")
    with pytest.raises(NotReady, match="kedrec model derive"):
        Agent.open(settings)
    with pytest.raises(NotReady, match="kedrec model derive"):
        rank_drugs(Resources.open(settings), DISEASE, "both", 3)
    shutil.rmtree(settings.home / "derived")
    Resources.open(settings).weigher().prepare()
    Agent.open(settings).close()
