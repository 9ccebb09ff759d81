"""The documentation site: it builds without a warning, and what its first pages say can be typed works."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from kedrec.cli.app import app

pytest.importorskip("mkdocs", reason="the group docs is not installed")

ROOT = Path(__file__).parent.parent
BY_HAND = ("git ", "make ", "source ", "python ", "~/")
"""What the pages say that is not ours."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder of the built site; any broken link or anchor, or a page that is left out, ends the build."""
    folder = tmp_path_factory.mktemp("site")
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_command_and_every_record_has_its_place(site):
    commands = (site / "commands.html").read_text("utf-8")
    for name, one in get_command(app).commands.items():
        for words in [f"{name} {sub}" for sub in getattr(one, "commands", ())] or [name]:
            assert f"kedrec {words}<a" in commands
    records = (site / "records.html").read_text("utf-8")
    for name in ("Recommendation", "Trace", "Evidence", "Passage", "Entity"):
        assert f'<h2 id="{name.lower()}">' in records
    assert "Probability that choice or leaning is the better one" in records


def test_a_page_loads_nothing_from_elsewhere(site):
    text = (site / "index.html").read_text("utf-8")
    assert not re.search(
        r"<(?:script|img|iframe)[^>]+src=\"https?:|<link[^>]+rel=\"stylesheet\"[^>]+href=\"https?:", text
    )


@pytest.mark.parametrize("page", ["index.md", "worked-case.md"])
def test_what_the_page_says_can_be_typed_works(page, tmp_path, monkeypatch):
    monkeypatch.setenv("KEDREC_EMBED", "never")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    typed = 0
    for block in re.findall(r"^```\n(.*?)^```", (ROOT / "docs" / page).read_text("utf-8"), flags=re.M | re.S):
        for line in block.splitlines():
            if not line.startswith(BY_HAND):
                words = shlex.split(line)
                done = CliRunner().invoke(app, words[1:])
                assert words[0] == "kedrec" and done.exit_code == 0, f"{line}\n{done.output}\n{done.exception}"
                typed += 1
    assert typed > 5
