"""What tests of divided runs share: a home for a teacher, the command in a process of its own, and killers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from kedrec.config import Settings
from kedrec.distill.runs.journal import read_rows

STARTER = Path(__file__).parent.parent / "examples" / "starter"


def load_starter(home: Path) -> Path:
    """A home with the starter graph and nothing else."""
    from kedrec.graphdb.embedded.build import load_graph

    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    return home


def settings_at(home: Path, teacher, **changes) -> Settings:
    """Settings for a teacher, two places, eight pairs in flight."""
    known = {"home": home, "setting": "none", "workers": 8, "model": "openai:teacher", "base_url": teacher.url}
    return Settings.model_validate(known | {"temperature": 0.5, "shards": 2} | changes)


def own_home(folder: Path, loaded: Path) -> Path:
    """A home of its own, so that no answer is known before, whose graph is the loaded one."""
    folder.mkdir()
    (folder / "graph").symlink_to(loaded / "graph")
    return folder


def same_file(one: Path, other: Path) -> bool:
    return (one / "results.jsonl").read_bytes() == (other / "results.jsonl").read_bytes()


def started(pairs: Path, out: Path, chosen: Settings, *options: str, **known: str) -> subprocess.Popen[str]:
    """`kedrec runs start`, in a session of its own."""
    line = [sys.executable, "-c", "from kedrec.cli import main; main()", "--home", str(chosen.home), "runs", "start"]
    words = ["--setting", "none", "--model", chosen.model, "--shards", "2", "--workers", str(chosen.workers)]
    known = {"KEDREC_BASE_URL": str(chosen.base_url), "KEDREC_TEMPERATURE": "0.5", **known}
    env = {"HOME": str(Path.home()), "PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [*line, str(pairs), "--out", str(out), *words, *options],
        stderr=subprocess.PIPE, text=True, env=env | known, start_new_session=True,
    )  # fmt: skip


def below(process: int) -> list[psutil.Process]:
    """What a process has started and what those have, as far as it runs."""
    with suppress(psutil.NoSuchProcess):
        found = psutil.Process(process).children(recursive=True)
        return [child for child in found if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    return []


def workers_at(folder: Path) -> set[int]:
    """Processes that hold the lock of a shard."""
    held = {path.stat().st_ino for path in folder.glob("shards/*/lock")}
    lines = Path("/proc/locks").read_text().splitlines()
    return {int(line.split()[4]) for line in lines if int(line.split()[5].split(":")[2]) in held}


@contextmanager
def signalling_a_worker(folder: Path, number: signal.Signals):
    """Send a signal to the first worker that is at a shard once some pairs are finished; whom, as a list."""
    signalled: list[int] = []

    def work() -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and not signalled:
            if sum(len(read_rows(path)) for path in folder.glob("shards/*/journal.jsonl")) >= 4:
                for worker in sorted(workers_at(folder))[:1]:
                    os.kill(worker, number)
                    signalled.append(worker)
            time.sleep(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    yield signalled
    thread.join()


def wait_until(so, seconds: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not so():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds:g} s")
        time.sleep(0.02)
