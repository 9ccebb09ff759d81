"""The command line from outside: exit codes, one line for a mistake, and help that says what to type."""

import os
import subprocess
import sys

import pytest

from kedrec.cli.app import app, take_home


def kedrec(*words, **env):
    command = [sys.executable, "-c", "from kedrec.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env}, check=False)


def commands(typer_app, path=()):
    import typer

    group = typer.main.get_command(typer_app)
    found = []

    def walk(command, names):
        if hasattr(command, "commands"):
            for name, below in command.commands.items():
                walk(below, (*names, name))
        else:
            found.append((names, command))

    walk(group, path)
    return found


@pytest.mark.parametrize(("names", "command"), commands(app), ids=lambda v: " ".join(v) if isinstance(v, tuple) else "")
def test_every_command_says_first_what_to_type_and_speaks_json(names, command):
    assert command.help.startswith(f"Type:  kedrec {' '.join(names)}")
    assert names == ("chat",) or any("--json" in option.opts for option in command.params)


@pytest.mark.parametrize("words", [("grph",), ("graph", "shw"), ("compare",), ("graph", "load", "nowhere.tsv")])
def test_a_mistake_is_one_line_and_exit_2(words):
    done = kedrec(*words)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_a_file_in_the_place_of_the_home_is_a_mistake(tmp_path):
    (tmp_path / "file").write_text("")
    done = kedrec("graph", "info", "--home", str(tmp_path / "file"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_home_may_stand_anywhere(monkeypatch):
    monkeypatch.delenv("KEDREC_HOME")
    assert take_home(["graph", "info", "--home", "/a", "--json"]) == ["graph", "info", "--json"]
    assert os.environ["KEDREC_HOME"] == "/a"
    assert take_home(["--home=/b", "config"]) == ["config"]
    assert os.environ["KEDREC_HOME"] == "/b"
