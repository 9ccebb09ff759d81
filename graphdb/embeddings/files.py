"""Vectors of entities on disk: `entities.npy` and `entities.tsv`, the two files of DRKG's own `embed` folder.

DRKG publishes its TransE vectors as `DRKG_TransE_l2_entity.npy` (97,238 × 400, float32) with `entities.tsv`, lines of
`id<TAB>row` without a header, beside it. They were trained on all edges, therapeutic ones included, so what is measured
with them on pairs of DRKG is measured with the answers in view.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedrec.arrays import Vectors
from kedrec.errors import DamagedData, InputError, UserError, WorkError
from kedrec.graphdb.drkg.tsv import read_table

__all__ = ["IDS", "MANIFEST", "VECTORS", "GraphEmbeddings", "read_embeddings", "write_embeddings"]

VECTORS, IDS, MANIFEST = "entities.npy", "entities.tsv", "manifest.json"
ROW = "id<TAB>row"


@dataclass(frozen=True)
class GraphEmbeddings:
    """One vector for each of some entities."""

    ids: tuple[str, ...]
    """Entity ids, in the order of the rows."""
    vectors: Vectors
    """Shape (entities, dimension)."""
    sha256: str
    """Hash of the bytes of the vectors file followed by those of the ids file."""

    @cached_property
    def _places(self) -> dict[str, int]:
        return {entity_id: row for row, entity_id in enumerate(self.ids)}

    def rows(self, ids: Iterable[str]) -> NDArray[np.int64]:
        """Return the row of each id, -1 for those without a vector."""
        return np.array([self._places.get(entity_id, -1) for entity_id in ids], np.int64)


def read_embeddings(path: Path) -> GraphEmbeddings:
    """Read vectors: our own or DRKG's published ones.

    Args:
        path: a folder with `entities.npy` (or one `*_entity.npy`) and `entities.tsv`, or such a .npy file with
            `entities.tsv` beside it.

    Raises:
        InputError: a file is missing, is no array of shape (entities, dimension), holds a value that is not finite, or
            ids and rows do not fit together.
        DamagedData: the files are not those that the manifest beside them was written for.
    """
    vectors_file = _vectors_file(path)
    ids_file = vectors_file.with_name(IDS)
    raw, table = _bytes(vectors_file), read_table(ids_file, 2, ROW)
    vectors = _vectors(vectors_file, raw)
    ids = _ids(ids_file, table.content.decode("utf-8"), len(vectors))
    found = GraphEmbeddings(ids, vectors, _hash(raw, ids_file.read_bytes()))
    _check_manifest(vectors_file, found.sha256)
    return found


def _vectors_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    if (path / VECTORS).exists():
        return path / VECTORS
    published = sorted(path.glob("*_entity.npy"))
    if len(published) != 1:
        several = ", ".join(file.name for file in published) or "nothing"
        raise InputError(path, f"expected {VECTORS} or one *_entity.npy in the folder, found {several}; name the file")
    return published[0]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None


def _vectors(path: Path, raw: bytes) -> Vectors:
    try:
        loaded = np.load(io.BytesIO(raw), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(path, f"is no NumPy array ({error})") from None
    if not isinstance(loaded, np.ndarray) or loaded.ndim != 2 or 0 in loaded.shape or loaded.dtype.kind != "f":
        shape = f"shape {loaded.shape} of {loaded.dtype}" if isinstance(loaded, np.ndarray) else "an archive"
        raise InputError(path, f"expected floats of shape (entities, dimension), found {shape}")
    vectors = np.ascontiguousarray(loaded, np.float32)
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise InputError(path, f"{len(bad)} rows hold values that are not finite; the first is row {bad[0]}")
    vectors.flags.writeable = False
    return vectors


def _ids(path: Path, content: str, rows: int) -> tuple[str, ...]:
    ids: list[str] = [""] * rows
    seen: set[str] = set()
    for number, line in enumerate(content.split("\n")[:-1], 1):
        entity_id, row = line.split("\t")
        if not row.isascii() or not row.isdigit() or int(row) >= rows:
            raise InputError(path, f"{row!r} is no row of the vectors; they have rows 0 to {rows - 1}", number)
        if entity_id in seen or ids[int(row)]:
            raise InputError(path, f"{entity_id} or row {row} stands there twice", number)
        seen.add(entity_id)
        ids[int(row)] = entity_id
    if len(seen) < rows or "" in seen:
        raise InputError(path, f"{len(seen - {''})} ids for {rows} rows; every row needs an id")
    return tuple(ids)


def _check_manifest(vectors_file: Path, sha256: str) -> None:
    manifest = vectors_file.with_name(MANIFEST)
    if vectors_file.name != VECTORS or not manifest.exists():
        return
    try:
        expected = json.loads(manifest.read_text("utf-8"))["sha256"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedData(f"{manifest} cannot be read ({error}). Make the embeddings again.") from None
    if expected != sha256:
        raise DamagedData(f"{vectors_file} and {IDS} are not those of {manifest}. Make the embeddings again.")


def write_embeddings(folder: Path, ids: Sequence[str], vectors: Vectors, manifest: Mapping[str, Any]) -> str:
    """Write vectors, their ids and a manifest, each under a temporary name first, the manifest last.

    A reader never takes new vectors for old ids: what does not fit the manifest is refused.

    Args:
        folder: made where it is missing.
        ids: entity ids, each once.
        vectors: finite, shape (ids, dimension).
        manifest: what made them; `sha256`, `entities` and `dimension` are added.

    Returns:
        The hash that `GraphEmbeddings.sha256` will have.

    Raises:
        UserError: ids and vectors do not fit together.
        WorkError: the folder cannot be written.
    """
    vectors = np.ascontiguousarray(vectors, np.float32)
    fits = vectors.ndim == 2 and len(vectors) == len(ids) == len(set(ids))
    if not fits or not np.isfinite(vectors).all():
        raise UserError(f"{len(ids)} ids do not fit {vectors.shape} vectors, or a value is not finite.")
    buffer = io.BytesIO()
    np.save(buffer, vectors, allow_pickle=False)
    listed = "".join(f"{entity_id}\t{row}\n" for row, entity_id in enumerate(ids)).encode()
    sha256 = _hash(buffer.getbuffer(), listed)
    told = {**manifest, "sha256": sha256, "entities": len(ids), "dimension": vectors.shape[1]}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / VECTORS, buffer.getbuffer())
        _write(folder / IDS, listed)
        _write(folder / MANIFEST, json.dumps(told, ensure_ascii=False, indent=1).encode())
    except OSError as error:
        raise WorkError(f"The embeddings could not be written into {folder}: {error}.") from error
    return sha256


def _hash(*parts: bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _write(path: Path, content: bytes | memoryview) -> None:
    staged = path.with_name(f".{path.name}.writing")
    with staged.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
