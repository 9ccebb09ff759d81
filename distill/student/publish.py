"""A trained student for others: one whole model, or a place on the hub."""

from __future__ import annotations

import shutil
from pathlib import Path

from kedrec.agents.models.local import adapted
from kedrec.agents.student.base import base_folder
from kedrec.agents.student.chat_model import MARK
from kedrec.distill.student.base_loading import load_base
from kedrec.distill.student.student_folder import finished
from kedrec.errors import NotReady, UserError

__all__ = ["merge_student", "push_student"]

_CARDS = (MARK, "README.md", "training.json")


def merge_student(student: Path, out: Path, home: Path) -> None:
    """Save base and adapter as one model, with its card.

    Raises:
        NotReady: the folder holds no finished student, or its base is not here.
        UserError: it has no adapter, or `out` is not empty.
    """
    report = finished(student)
    if report is None:
        raise NotReady(f"{student} holds no finished student. Train one: kedrec student train DATASET --out {student}")
    if not (student / "adapter_config.json").is_file():
        raise UserError(f"{student} is a whole model already; there is no adapter to merge.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not empty. Choose another --out.")
    model, tokenizer = load_base(base_folder(report.base, home), dtype="auto")
    whole = adapted(model, str(student)).merge_and_unload()
    whole.save_pretrained(out)
    tokenizer.save_pretrained(out)
    for name in _CARDS:
        if (student / name).is_file():
            shutil.copyfile(student / name, out / name)


def push_student(student: Path, repository: str, *, private: bool = True) -> str:
    """Upload a student's folder to the hub; the address of what was uploaded.

    Raises:
        NotReady: the folder holds no student, or the hub refuses.
    """
    if not any((student / name).is_file() for name in ("adapter_config.json", "config.json")):
        raise NotReady(f"{student} holds no student. Train one: kedrec student train DATASET --out {student}")
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    hub = HfApi()
    try:
        hub.create_repo(repository, private=private, exist_ok=True)
        done = hub.upload_folder(
            repo_id=repository, folder_path=student, ignore_patterns=["checkpoints/*", "tensorboard/*"]
        )
    except (HfHubHTTPError, OSError, ValueError, httpx.HTTPError) as error:
        reason = str(error).splitlines()[0][:200]
        raise NotReady(
            f"{repository} was not uploaded: {reason} Log in by `hf auth login`, and check the name."
        ) from error
    return str(done)
