"""The folder of a student: one training each, its settings pinned, its report and card written last."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from kedrec.distill.student.options import StudentReport
from kedrec.errors import UserError

__all__ = ["finished", "last_checkpoint", "pin", "save_student", "write_file"]

SETTINGS_FILE = "training.json"


def pin(out: Path, training: dict[str, Any]) -> None:
    """Write down what is trained here, so that only the same training goes on in the folder.

    Raises:
        UserError: it is a file, or holds something else.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; --out wants a folder.")
    path = out / SETTINGS_FILE
    wanted = json.dumps(training, indent=1, sort_keys=True)
    if path.is_file() and path.read_text("utf-8") != wanted:
        raise UserError(f"{out} holds another training (see {path.name}). Choose another --out, or delete the folder.")
    if not path.is_file() and out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out} is not empty and holds no training. Choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    write_file(path, wanted)


def finished(out: Path) -> StudentReport | None:
    """The report of a training that came to its end; None where it did not."""
    path = out / "metrics.json"
    return StudentReport.model_validate_json(path.read_text("utf-8")) if path.is_file() else None


def last_checkpoint(folder: Path) -> Path | None:
    """The latest checkpoint that was written to its end: the trainer writes its state last."""
    found = [path for path in folder.glob("checkpoint-*") if _is_json(path / "trainer_state.json")]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


def save_student(model: Any, tokenizer: Any, out: Path, report: StudentReport) -> None:
    """Save model or adapter, card and report, and take the checkpoints away."""
    model.save_pretrained(out)
    if tokenizer is not None:
        tokenizer.save_pretrained(out)
    rows = "\n".join(f"| {name} | {value} |" for name, value in report.metrics.items())
    write_file(
        out / "README.md",
        f"# Student of {report.base}\n\nTrained by `kedrec student train` with `L_sft + a·L_select + λ·L_rationale` on"
        f" {report.rows['train']} rows ({report.rows['validation']} to validate, split by disease);"
        f" {report.trained_parameters:,} of {report.parameters:,} parameters. Use it as `--model {report.model}`.\n\n"
        "These figures are losses and next-token accuracies on the teacher's own words, not the quality of its choices;"
        " measure that with `kedrec eval selection`.\n\n| on the validation rows | |\n|---|---|\n" + rows + "\n\n"
        "For research; not for decisions about patients.\n",
    )
    write_file(out / "metrics.json", report.model_dump_json(indent=1))
    shutil.rmtree(out / "checkpoints", ignore_errors=True)


def write_file(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    with staged.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
