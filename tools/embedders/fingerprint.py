"""What can be known of a model folder without loading it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

__all__ = ["of_model", "width_of"]

_PIECE = 1 << 16
_READ = {".json", ".txt", ".safetensors", ".bin", ".model"}


def of_model(folder: Path) -> str:
    """Hash names, sizes, beginnings and ends of a model's files.

    Args:
        folder: Model folder.

    Returns:
        12 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.suffix in _READ and path.is_file()):
        size = file.stat().st_size
        digest.update(f"{file.relative_to(folder)}\0{size}\0".encode())
        with file.open("rb") as handle:
            digest.update(handle.read(_PIECE))
            handle.seek(max(0, size - _PIECE))
            digest.update(handle.read(_PIECE))
    return digest.hexdigest()[:12]


def width_of(folder: Path) -> int:
    """Return the width of a model's layers, 768 where its configuration does not tell."""
    try:
        return int(json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"])
    except (OSError, ValueError, KeyError):
        return 768
