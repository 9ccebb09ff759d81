"""A full, read-only or damaged disk is told in one line, and only what is damaged is told to be moved away."""

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kedrec.config import Settings
from kedrec.errors import DamagedData, KedrecError, WorkError
from kedrec.tools.library.disk import explained
from kedrec.tools.literature import Literature


def rows(path, count):
    text = "Timolol helped in asthma. " * 20
    path.write_text(
        "".join(
            json.dumps({"id": f"PMID:{n}", "title": f"timolol {n}", "abstract": text + str(n)}) + "\n"
            for n in range(1, count + 1)
        ),
        "utf-8",
    )
    return path


def opened(folder):
    return Literature.open(folder, Settings(embed="never"))


@contextlib.contextmanager
def mounted(folder, *options):
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("size", [1, 3, 6, 8])
def test_a_full_disk_is_named_and_the_same_command_goes_on_when_there_is_room(tmp_path, size):
    small, large = rows(tmp_path / "a.jsonl", 3), rows(tmp_path / "b.jsonl", 6000)
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs") as disk:
        literature = opened(disk / "literature")
        literature.add(small)
        with pytest.raises(WorkError, match="the disk is full") as caught:
            literature.add(large)
        assert "free some space" in str(caught.value) and "move it away" not in str(caught.value)
        assert opened(disk / "literature").info().documents["pubmed"] == 3
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert opened(disk / "literature").add(large).added == 5997


def test_a_read_only_home_can_be_searched_and_is_never_called_damaged(tmp_path):
    opened(tmp_path / "home").add(rows(tmp_path / "a.jsonl", 3))
    with mounted(tmp_path / "disk", "-t", "tmpfs", "tmpfs") as disk:
        shutil.copytree(tmp_path / "home", disk / "literature")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        literature = opened(disk / "literature")
        assert literature.info().documents["pubmed"] == 3 and literature.search("timolol").hits
        with pytest.raises(WorkError, match="right to write") as caught:
            literature.add(rows(tmp_path / "b.jsonl", 5))
        assert "move it away" not in str(caught.value)


LIMITED = """
import resource, sys
from pathlib import Path
from kedrec.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
main(["literature", "add", sys.argv[1], "--no-derive", "--no-embed"])
"""


def test_a_limit_on_the_size_of_files_is_told_in_one_line(tmp_path):
    path = rows(tmp_path / "a.jsonl", 3000)
    environment = {**os.environ, "KEDREC_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1 and "move it away" not in done.stderr
    assert "could not be" in done.stderr


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (sqlite3.SQLITE_FULL, WorkError, "disk is full"),
        (sqlite3.SQLITE_READONLY, WorkError, "right to write"),
        (sqlite3.SQLITE_CANTOPEN, WorkError, "right to write"),
        (sqlite3.SQLITE_BUSY, WorkError, "another process"),
        (sqlite3.SQLITE_IOERR, WorkError, "look at the disk"),
        (sqlite3.SQLITE_CORRUPT, DamagedData, "move it away"),
        (sqlite3.SQLITE_NOTADB, DamagedData, "move it away"),
    ],
)
def test_every_report_of_the_database_has_its_own_advice(tmp_path, code, kind, said):
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code
    found = explained(error, tmp_path / "library.sqlite")
    assert type(found) is kind and said in str(found) and "something" in str(found) + "something"


@pytest.mark.parametrize("part", ["library.sqlite", "lexical"])
def test_flipped_bytes_end_in_one_line_or_do_no_harm(tmp_path, part):
    opened(tmp_path / "whole").add(rows(tmp_path / "a.jsonl", 100))
    chance = random.Random(7)
    told = 0
    for _ in range(40):
        folder = Path(shutil.copytree(tmp_path / "whole", tmp_path / "spoilt", dirs_exist_ok=True))
        flip(chance, chance.choice(sorted(file for file in folder.rglob("*") if part in str(file) and is_data(file))))
        for work in (lambda one: one.info(), lambda one: one.search("timolol 17"), lambda one: list(one.documents())):
            try:
                work(opened(folder))
            except KedrecError as error:
                told += 1
                assert "\n" not in str(error).replace("\\n", "") or "damaged" in str(error)
        shutil.rmtree(folder)
    assert told


def is_data(file):
    return file.is_file() and file.stat().st_size and not file.name.endswith(("-shm", "-wal"))


def flip(chance, file):
    data = bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 3, 30])):
        data[chance.randrange(min(len(data), chance.choice([100, 4096, 1 << 30])))] ^= chance.randrange(1, 256)
    file.write_bytes(data)
