"""Files from elsewhere, each under its final name only when it is whole, with its size and SHA-256 on record.

What is on record is compared ever after: a file that differs from it is an error, never used in silence.
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from kedrec.errors import DamagedData, InputError, WorkError
from kedrec.graphdb.drkg.download import DownloadRetryPolicy, NotOffered, OnBytes, OnNote, download, drop_part
from kedrec.locks import writing
from kedrec.magic_bytes import GZIP, WEB_PAGE, ZIP

__all__ = ["MANIFEST", "FileRecord", "Remote", "fetch", "place", "records"]

MANIFEST = "manifest.json"
SCHEMA = 1
PART = ".part"
BLOCK = 1 << 20


class FileRecord(BaseModel):
    """What is known of a file that was fetched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    """Where it came from: an address, or a path on this machine."""
    size: int
    """Bytes."""
    sha256: str
    """Of its bytes."""
    fetched: str
    """Date and time, UTC, ISO 8601."""


class DownloadManifest(BaseModel):
    """The records of one folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA
    files: dict[str, FileRecord] = {}
    """By file name."""


@dataclass(frozen=True)
class Remote:
    """A file that is published somewhere."""

    name: str
    """Its final name."""
    addresses: tuple[str, ...]
    """Where to download it, tried in order."""
    size: int | None = None
    """Bytes, where its publisher names them."""


def _silent(*_: object) -> None:
    """Say nothing."""


def fetch(
    remote: Remote,
    folder: Path,
    *,
    again: bool = False,
    patience: DownloadRetryPolicy | None = None,
    on_bytes: OnBytes = _silent,
    on_note: OnNote = _silent,
) -> FileRecord:
    """Bring a file into a folder; where it is there already, only check it against its record.

    A stopped or failed fetch is resumed by the same call. A file put there by hand is taken in where it is whole.

    Args:
        remote: the file.
        folder: where it goes.
        again: fetch it again and replace the old file, whatever the record says.
        patience: how long and how often to try.
        on_bytes: called for each piece.
        on_note: called with each choice and its reason, in words.

    Raises:
        WorkError: no address offers it, the network fails, or it cannot be written; nothing stands under its name.
        DamagedData: it is not what is on record.
        Busy: another process is fetching into the folder.
    """
    with writing(folder):
        target, part = folder / remote.name, folder / f"{remote.name}{PART}"
        known = records(folder).get(remote.name)
        if known and part.exists() and part.stat().st_size == known.size and sha256_of(part) == known.sha256:
            _put_in_place(part, target)
        if target.exists() and not again:
            return _checked(target, known, remote)
        record = _brought(remote, part, patience or DownloadRetryPolicy(), on_bytes, on_note)
        if known and not again:
            _check_unchanged(remote, part, known, record)
        _record(folder, remote.name, record)
        _put_in_place(part, target)
        return record


def place(path: Path, name: str, folder: Path) -> FileRecord:
    """Copy a file of this machine to where it would have been fetched to, and record it.

    Raises:
        InputError: it cannot be read, or is cut off or damaged.
        Busy: another process is fetching into the folder.
    """
    if not path.is_file():
        raise InputError(path, "there is no such file")
    if problem := _fault(path):
        raise InputError(path, problem)
    with writing(folder):
        part = folder / f"{name}{PART}"
        drop_part(part)
        shutil.copyfile(path, part)
        record = _record_of(part, str(path.resolve()))
        _record(folder, name, record)
        _put_in_place(part, folder / name)
    return record


def records(folder: Path) -> dict[str, FileRecord]:
    """Return the records of a folder by file name; empty if there are none.

    Raises:
        DamagedData: the manifest cannot be read.
    """
    path = folder / MANIFEST
    try:
        return dict(DownloadManifest.model_validate_json(path.read_bytes()).files) if path.exists() else {}
    except ValidationError as error:
        raise DamagedData(f"{path} is damaged ({error.error_count()} faults); remove it, then fetch again") from None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _checked(target: Path, known: FileRecord | None, remote: Remote) -> FileRecord:
    """Return the record of a file that is there, after comparing the two; make one if there is none."""
    if known is None:
        if problem := _fault(target):
            raise DamagedData(f"{target}: {problem}. Move it away, then fetch again")
        record = _record_of(target, str(target))
        _record(target.parent, remote.name, record)
        return record
    size = target.stat().st_size
    if size != known.size or sha256_of(target) != known.sha256:
        raise DamagedData(
            f"{target} is not the file on record: {size:,} bytes where {known.size:,} with SHA-256 {known.sha256} were "
            f"fetched on {known.fetched}. Remove it and fetch again, or take a new one with --again"
        )
    return known


def _brought(
    remote: Remote, part: Path, patience: DownloadRetryPolicy, on_bytes: OnBytes, on_note: OnNote
) -> FileRecord:
    problems: list[str] = []
    for address in remote.addresses:
        try:
            download(address, part, patience, on_bytes, on_note)
        except NotOffered as error:
            problems.append(f"{address}: {error}")
            continue
        size = part.stat().st_size
        if remote.size not in {None, size}:
            unlike = f"it has {size:,} bytes where {remote.size:,} are published"
        else:
            with part.open("rb") as stream:
                gzipped = stream.read(2) == GZIP
            unlike = "" if gzipped or not remote.name.endswith(".gz") else "it is not gzipped"
        if problem := unlike or _fault(part):
            drop_part(part)
            problems.append(f"{address}: {problem}")
        else:
            return _record_of(part, address)
    raise WorkError(f"{remote.name} could not be fetched. {'; '.join(problems)}")


def _check_unchanged(remote: Remote, part: Path, known: FileRecord, record: FileRecord) -> None:
    if (record.size, record.sha256) != (known.size, known.sha256):
        drop_part(part)
        raise DamagedData(
            f"{remote.name} from {record.address} is not what it was: {record.size:,} bytes, SHA-256 {record.sha256}, "
            f"where {known.size:,} bytes, SHA-256 {known.sha256} were fetched on {known.fetched}. Either it was "
            "damaged on its way (then fetch again), or it was published anew (then take the new one with --again)"
        )


def _fault(path: Path) -> str:
    """Return what shows that a file is damaged, cut off or a web page in its place; empty where nothing does."""
    with path.open("rb") as stream:
        start = stream.read(512)
    if not start:
        return "it is empty"
    if start.lstrip().lower().startswith(WEB_PAGE):
        return "a web page came in its place"
    if start.startswith(GZIP):
        try:
            with gzip.open(path) as packed:
                while packed.read(BLOCK):
                    pass
        except (OSError, EOFError, zlib.error) as error:
            return f"its gzip data is damaged or cut off ({error})"
        return ""
    return _zip_fault(path) if start.startswith(ZIP) else ""


def _zip_fault(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        return f"it is no zip archive or a damaged one ({error})"
    return f"{damaged} in the zip archive is damaged" if damaged else ""


def _record_of(path: Path, address: str) -> FileRecord:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return FileRecord(address=address, size=path.stat().st_size, sha256=sha256_of(path), fetched=now)


def _record(folder: Path, name: str, record: FileRecord) -> None:
    manifest = DownloadManifest(files={**records(folder), name: record})
    fresh = folder / f"{MANIFEST}.new"
    fresh.write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")
    sync([fresh])
    fresh.replace(folder / MANIFEST)
    sync([folder])


def _put_in_place(part: Path, target: Path) -> None:
    sync([part])
    part.replace(target)
    drop_part(part)
    sync([target.parent])


def sync(paths: Iterable[Path]) -> None:
    """Wait until files and folders are on the disk."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
