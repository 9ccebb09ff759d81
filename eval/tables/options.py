"""What the tables are made from; pinned in their folder, so that the same command resumes and another is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from kedrec.atomic_file import write_whole
from kedrec.errors import InputError, NotReady, UserError
from kedrec.records import SETTINGS, Corpora, Record

__all__ = ["TablesOptions", "file_hash", "pinned"]

PINNED = "tables.json"
LATER = ("judge", "pyhealth")
"""Options that may be named in any call: each adds steps and changes no other."""


class TablesOptions(Record):
    """Inputs and choices."""

    data: Path
    """Folder with `pairs/train.jsonl` and `pairs/dev.jsonl`; used where they are there: `kg/compound_structures.tsv.gz`
    (molecules), `mechanisms/drugmechdb_open.jsonl` (curated mechanisms) and `mimic3_demo` (MIMIC-III)."""
    mimic: Path | None = None
    """Folder of MIMIC-III's CSV tables, where it is not the one of `data`; read where it lies, never copied."""
    student: str | None = None
    """Model specification of the student, `local:DIR`; its row is left out where there is none."""
    biogpt: str = "microsoft/biogpt"
    """Hub id or folder of BioGPT."""
    paper: Path | None = None
    """Table of the paper's figures, in the place of the one that comes with this."""
    settings: tuple[Corpora, ...] = SETTINGS
    """Which settings are measured."""
    rows: tuple[str, ...] = ()
    """Names of rows of Table 1 and 2; all where empty."""
    seed: int = Field(default=0, ge=0)
    """Of all weights and drawings."""
    rationale_pairs: int = Field(default=400, ge=1)
    """Training pairs whose rationales the writers of Table 2 learn from."""
    judge: str | None = None
    """Model that judges how faithful rationales are; nothing is judged where there is none."""
    pyhealth: Path | None = None
    """Python of an environment with PyHealth, whose SafeDrug is to stand beside ours; left out where there is none."""
    limit: int | None = Field(default=None, ge=2)
    """First so many pairs of each file only; for trying it out."""

    def has_row(self, name: str) -> bool:
        """Whether a row is wanted."""
        return not self.rows or name in self.rows

    def file(self, name: str) -> Path | None:
        """A file or folder of the data that may be there."""
        path = self.data / name
        return path if path.exists() else None

    @property
    def mimic_folder(self) -> Path | None:
        """Where MIMIC-III is, if anywhere."""
        return self.mimic or self.file("mimic3_demo")


def pinned(out: Path, given: TablesOptions | None, later: Mapping[str, object] | None = None) -> TablesOptions:
    """The options of a folder of tables: those given, or those it was begun with.

    Args:
        out: the folder.
        given: what this call names; None where it names nothing.
        later: of `LATER`, what this call names; what was named before stays.

    Raises:
        NotReady: nothing was begun there and no data are given.
        UserError: it was begun with others.
    """
    path = out / PINNED
    there = TablesOptions.model_validate_json(path.read_text("utf-8")) if path.is_file() else None
    if given is None and there is None:
        raise NotReady(f"No tables were begun in {out}. Begin: kedrec eval tables --out {out} --data DIR")
    if given is not None and there is not None:
        _check_same(out, given, there)
    first = there or given
    assert first is not None
    named = {name: value for name, value in (later or {}).items() if value is not None}
    chosen = first.model_copy(update=named)
    _check(chosen)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(path, [json.dumps(chosen.model_dump(mode="json"), indent=1)])
    return chosen


def _check_same(out: Path, given: TablesOptions, there: TablesOptions) -> None:
    for name in TablesOptions.model_fields:
        own, before = getattr(given, name), getattr(there, name)
        if own != before and name not in LATER:
            raise UserError(
                f"{out} was begun with {name} = {before}, here it is {own}. Give the same or none, or another --out."
            )


def _check(options: TablesOptions) -> None:
    for name in ("train", "dev"):
        if options.file(f"pairs/{name}.jsonl") is None:
            raise InputError(
                options.data, f"no pairs/{name}.jsonl below it. Name a folder that holds both pairs files."
            )


def file_hash(path: Path | None) -> str:
    """SHA-256 of a file, or of the files of a folder; empty where there is none."""
    if path is None:
        return ""
    digest = hashlib.sha256()
    for one in sorted(path.iterdir()) if path.is_dir() else [path]:
        if one.is_file():
            digest.update(one.name.encode())
            with one.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
