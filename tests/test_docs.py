"""What README and docs say can be typed works, and prints what they show."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from kedrec.cli.app import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [*sorted(ROOT.glob("[A-Z]*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text, language=""):
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.M | re.S)


def run(line):
    command = [sys.executable, "-c", "from kedrec.cli import main; main()", *shlex.split(line)[1:]]
    env = {**os.environ, "COLUMNS": "110", "KEDREC_EMBED": "never"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_the_first_screen_of_the_readme_prints_what_it_shows():
    lines = next(block for block in blocks(README) if "kedrec ask" in block).splitlines()
    for line in lines:
        done = run(line)
        assert done.returncode == 0, done.stderr
    shown = [line.strip() for line in blocks(README, "text")[0].splitlines()]
    printed = [line.strip() for line in done.stdout.splitlines()]
    assert printed[: len(shown)] == shown


def test_the_first_screen_of_the_readme_shows_the_page_and_how_to_start_it():
    screen = README.splitlines()[:20]
    [picture] = re.findall(r"!\[[^\]]{40,}\]\((\S+)\)", "\n".join(screen))
    assert (ROOT / picture).read_bytes()[:4] == b"\x89PNG"
    assert any(re.search(r"kedrec [^`]*serve` and http://127\.0\.0\.1:8765/", line) for line in screen)
    demo = (ROOT / "examples" / "demo.py").read_text("utf-8").split("def main")[1].split("\n\n\n")[0]
    assert "serve   and http://127.0.0.1:8765/" in demo.splitlines()[-1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_named_exists(page):
    group = typer.main.get_command(app)
    for words in re.findall(r"kedrec ((?:[a-z-]+ ?)+)", page.read_text("utf-8")):
        first, *rest = words.split()
        if first in group.commands and hasattr(group.commands[first], "commands") and rest:
            assert rest[0] in group.commands[first].commands, f"{page.name}: kedrec {words}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_every_file_that_the_tour_names_is_there():
    tour = (ROOT / "docs" / "tour.md").read_text("utf-8")
    named = re.findall(r"`((?:src|graphdb|tools|agents|distill|eval|tests)/[\w/.]+)`", tour)
    assert len(named) > 80
    assert [path for path in named if not (ROOT / path).exists()] == []
    # A name without its folder stands beside the path before it.
    rows = [line for line in tour.splitlines() if line.startswith("| ")]
    lone = [(line, name) for line in rows for name in re.findall(r"`(\w+\.py)`", line)]
    folders = {line: {(ROOT / path).parent for path in re.findall(r"`([\w/]+/[\w.]+)`", line)} for line, _ in lone}
    assert [name for line, name in lone if not any((folder / name).is_file() for folder in folders[line])] == []


def test_the_python_of_the_readme_runs(tmp_path):
    code = blocks(README, "python")[0]
    env = {**os.environ, "KEDREC_HOME": str(tmp_path / "my-home"), "KEDREC_EMBED": "never"}
    starter = ROOT / "examples/starter"
    load = ["graph", "load", str(starter / "graph.tsv"), "--names", str(starter / "names.tsv")]
    kedrec = [sys.executable, "-c", "from kedrec.cli import main; main()"]
    subprocess.run([*kedrec, *load], env=env, capture_output=True, check=True)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Infliximab" in done.stdout
    assert "K1" in done.stdout


def test_what_kedrec_gives_a_notebook_is_there():
    import kedrec

    assert all(getattr(kedrec, name) is not None for name in kedrec.__all__)
    assert set(kedrec.__all__) <= set(dir(kedrec))
    with pytest.raises(AttributeError, match="no attribute 'potato'"):
        _ = kedrec.potato
