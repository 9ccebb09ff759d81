"""When, at which commit and on what machine something was measured."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["KEDREC", "where"]

KEDREC = (sys.executable, "-c", "from kedrec.cli import main; main()")
"""The command `kedrec` of this Python and this code, as a process of its own."""


def where() -> str:
    """Return one line for below a table; on a machine with other work, how many processes wanted to run at the end."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    day = datetime.now(UTC).date().isoformat()
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    machine = f"{os.cpu_count()} cores {named[0] if named else platform.machine()}, Python {platform.python_version()}"
    busy = os.getloadavg()[1]
    others = f", load average {busy:.1f}" if busy > 1.5 else ""
    return f"- {day}, commit {commit}, {machine}{others}"
