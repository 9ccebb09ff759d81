"""What ran: versions of the libraries that matter, and the commit where the code is a checkout."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import kedrec

__all__ = ["versions"]

LIBRARIES = (
    "langgraph",
    "langchain-core",
    "pydantic",
    "openai",
    "transformers",
    "torch",
    "chromadb",
    "PyStemmer",
    "lightgbm",
)


@cache
def versions() -> dict[str, str]:
    """Name -> version, of what is installed."""
    found = {"kedrec": kedrec.__version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    commit = _commit(Path(kedrec.__file__).resolve())
    return {**found, **({"commit": commit} if commit else {})}


def _commit(start: Path) -> str | None:
    """The commit that HEAD points at, read without calling git."""
    root = next((folder for folder in start.parents if (folder / ".git" / "HEAD").is_file()), None)
    if root is None:
        return None
    head = (root / ".git" / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref: "):
        return head
    reference = root / ".git" / head.removeprefix("ref: ")
    if reference.is_file():
        return reference.read_text("utf-8").strip()
    path = root / ".git" / "packed-refs"
    name = head.removeprefix("ref: ")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)
