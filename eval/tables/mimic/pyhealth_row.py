"""SafeDrug as PyHealth has it, on the same visits: a check of ours.

PyHealth 1.1.6 is the newest for Python 3.11 and pins pandas below 2 and urllib3 below 2, so that it needs an
environment of its own, and is run there as a program. Make one with `python3.11 -m venv DIR && DIR/bin/pip install
pyhealth==1.1.6 "numpy<2"`, and name `DIR/bin/python` by `--pyhealth`. What is known of the visits goes to it by a pipe,
as numbers of columns; nothing of a patient is written to disk.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kedrec.errors import UserError
from kedrec.eval.tables.mimic.visit_measures import Table

if TYPE_CHECKING:
    from kedrec.eval.tables.mimic.visits import Visit, Visits

__all__ = ["pyhealth_chances", "told_of"]

PROGRAM = Path(__file__).with_name("pyhealth_program.py")


def pyhealth_chances(
    visits: Visits, inchis: dict[str, str], python: Path, settings: dict[str, Any], apart: Sequence[bool]
) -> tuple[Table, int]:
    """Train PyHealth's SafeDrug and let it give drugs in the visits asked.

    Args:
        visits: what is learnt from and asked.
        inchis: structures by compound id.
        python: interpreter of an environment with PyHealth.
        settings: `width`, `epochs`, `rate`, `at_once` and `seed`.
        apart: of each training visit, whether it is set apart to choose the epoch by.

    Returns:
        Chances, shape (visits asked, drugs), and how many numbers were learnt.

    Raises:
        UserError: the program did not end well.
    """
    found = _run(python, {**settings, **told_of(visits, inchis, apart)})
    return np.array(found["chances"], np.float32), int(found["parameters"])


def told_of(visits: Visits, inchis: dict[str, str], apart: Sequence[bool]) -> dict[str, Any]:
    """Return what goes to PyHealth: structures, and visits as numbers of columns without anything of a patient."""
    histories = visits.histories(visits.train)
    return {
        "drugs": len(visits.drugs),
        "inchis": [inchis.get(drug, "") for drug in visits.drugs],
        "interacting": [] if visits.interacting is None else np.argwhere(np.triu(visits.interacting)).tolist(),
        "learnt": [_numbered(visits, one) for one, kept in zip(histories, apart, strict=True) if not kept],
        "kept": [_numbered(visits, one) for one, kept in zip(histories, apart, strict=True) if kept],
        "asked": [_numbered(visits, one) for one in visits.histories(visits.test)],
    }


def _numbered(visits: Visits, history: Sequence[Visit]) -> dict[str, Any]:
    """A history as numbers of columns; codes and drugs that are not known are left out."""
    place = {kind: {name: at for at, name in enumerate(names)} for kind, names in (
        ("diagnoses", visits.diagnoses), ("procedures", visits.procedures), ("drugs", visits.drugs))}  # fmt: skip
    codes = {
        kind: [sorted(place[kind][one] for one in getattr(visit, kind) if one in place[kind]) for visit in history]
        for kind in place
    }
    return {**codes, "drugs": codes["drugs"][-1]}


def _run(python: Path, told: dict[str, Any]) -> dict[str, Any]:
    command = [str(python), "-I", str(PROGRAM)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    environment.pop("PYTHONPATH", None)
    try:
        done = subprocess.run(
            command, input=json.dumps(told), capture_output=True, text=True, env=environment, check=True
        )
    except OSError as error:
        raise UserError(
            f"{python} cannot be run: {error.strerror}. Name the Python of an environment with PyHealth."
        ) from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UserError(
            f"PyHealth's SafeDrug by {python} ended with {error.returncode}: {last}. Make its environment anew:"
            " pip install pyhealth==1.1.6 'numpy<2'."
        ) from None
    found: dict[str, Any] = json.loads(done.stdout)
    return found
