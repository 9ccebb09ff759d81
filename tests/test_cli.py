"""The command line from outside: exit codes, one line for a mistake, and help that says what to type."""

import os
import subprocess
import sys
from pathlib import Path

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
    assert names in {("chat",), ("serve",), ("mcp",)} or any("--json" in option.opts for option in command.params)


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


def helps(typer_app):
    import typer

    group = typer.main.get_command(typer_app)
    below = [group, *(command for command in group.commands.values() if hasattr(command, "commands"))]
    return [(name, command) for owner in below for name, command in owner.commands.items()]


def test_every_list_says_what_each_command_does():
    for name, command in helps(app):
        short = command.get_short_help_str(500)
        assert len(short.split()) >= 3, (name, short)
        assert not short.startswith("Type") and not short.endswith("."), (name, short)


@pytest.mark.parametrize("words", [(), *((name,) for name, command in helps(app) if hasattr(command, "commands"))])
def test_a_group_alone_shows_its_help(words):
    done = kedrec(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" ".join(("Usage: kedrec", *words))) and "Commands:" in done.stdout


def test_it_tells_its_version():
    from kedrec import __version__

    done = kedrec("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"kedrec {__version__}\n", "")


@pytest.mark.parametrize("words", [("config",), ("--help",), ("graph", "--help"), ("config", "--json")])
@pytest.mark.parametrize("reads", [0, 1])
def test_a_reader_that_goes_away_is_no_failure(words, reads):
    command = [sys.executable, "-c", "from kedrec.cli import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(reads)
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_does_not_fit_on_the_disk_is_a_failure():
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", "from kedrec.cli import main; main()", "config"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr


def test_a_pipe_other_than_the_output_is_not_taken_for_it():
    from kedrec.cli.terminal.pipes import reader_is_gone

    assert not reader_is_gone(BrokenPipeError(32, "Broken pipe"))
    assert not reader_is_gone(SystemExit(1))
    assert not reader_is_gone(OSError(5, "Input/output error"))


@pytest.mark.parametrize("words", [("ask",), ("compare", "asthma"), ("compare",), ("recommend",)])
def test_what_is_too_long_to_be_a_question_or_a_name_is_refused_at_once(tmp_path, words):
    rest = ("a drug",) if words == ("compare",) else ()
    done = kedrec(*words, "is it better? " * 4_000, *rest, KEDREC_HOME=str(tmp_path))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "56,000 characters" in done.stderr and len(done.stderr) < 200


def test_a_message_too_long_leaves_the_chat_going(tmp_path):
    from world import build

    build(tmp_path / "home")
    command = [sys.executable, "-c", "from kedrec.cli import main; main()", "--home", str(tmp_path / "home"), "chat"]
    lines = f"{'why ' * 20_000}\nIs baricitinib good for alopecia areata?\n"
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "80,000" not in done.stdout and "79,999 characters" in done.stderr
    assert "Baricitinib for alopecia areata" in done.stdout


def test_the_folder_that_one_works_in_is_no_secret(tmp_path):
    from world import build

    build(tmp_path / "home")
    folder = str(tmp_path)
    places = {"PWD": folder, "OLDPWD": folder, "KEY_FILE": folder, "SSH_AUTH_SOCK": folder, "MY_TOKEN": folder}
    secrets = {"MYSQL_PWD": "real-secret-1", "PGPASSWORD": "real-secret-2", "HUB_TOKEN": "real-secret-3"}
    env = {**places, **secrets, "KEDREC_HOME": str(tmp_path / "home")}
    assert (
        kedrec("compare", "alopecia areata", "real-secret-1", "real-secret-2", "real-secret-3", **env).returncode == 2
    )
    shown = kedrec("trace", "show", "latest", "--json", **env).stdout
    assert folder in shown and "[secret]" in shown and "real-secret" not in shown
