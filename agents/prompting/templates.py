"""The prompts: files beside this module, their placeholders checked when they are loaded."""

from __future__ import annotations

import hashlib
import string
from functools import cache
from importlib.resources import files

from kedrec.agents.prompting.domain_questions import QUESTION_KEYS
from kedrec.errors import DamagedData
from kedrec.records import Record

__all__ = ["Prompts", "load_prompts"]

PLACEHOLDERS: dict[str, frozenset[str]] = {
    "system": frozenset({"no_evidence"}),
    "investigate": frozenset({"disease", "candidates", "evidence", "tools", "calls"}),
    "answer": frozenset({"disease", "drug", "evidence", "questions", "no_evidence"}),
    "decide": frozenset({"disease", "candidates", "evidence", "answers", "labels"}),
    "repair": frozenset({"problems", "draft", "keys"}),
    **{f"questions/{key}": frozenset({"disease", "drug"}) for key in QUESTION_KEYS},
}
"""Prompt -> the placeholders that its file must have, no more and no fewer."""


class Prompts(Record):
    """All prompts, ready to be filled in."""

    texts: dict[str, str]
    """Name -> text with placeholders."""
    sha256: dict[str, str]
    """Name -> hash of the file."""

    def fill(self, name: str, **values: str) -> str:
        """A prompt with its placeholders filled in; values are not read for placeholders again."""
        return self.texts[name].format(**values)


@cache
def load_prompts() -> Prompts:
    """Read every prompt.

    Raises:
        DamagedData: where a file is missing, or lacks a placeholder or has one too many.
    """
    texts = {name: _read(name) for name in PLACEHOLDERS}
    for name, text in texts.items():
        check_placeholders(name, text, PLACEHOLDERS[name])
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    return Prompts(texts={name: text.strip() for name, text in texts.items()}, sha256=hashes)


def check_placeholders(name: str, text: str, wanted: frozenset[str]) -> None:
    """Compare the placeholders of a prompt with those that the code fills in.

    Raises:
        DamagedData: where they differ.
    """
    try:
        found = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    except ValueError as error:
        raise DamagedData(f"The prompt {name}.md has a stray brace: {error}. Write {{{{ for a brace.") from error
    if found != wanted:
        lacks, extra = sorted(wanted - found), sorted(found - wanted)
        raise DamagedData(f"The prompt {name}.md lacks the placeholders {lacks} and has {extra} too many.")


def _read(name: str) -> str:
    path = files("kedrec.agents") / "prompts" / f"{name}.md"
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise DamagedData(f"The prompt {path} is missing. Install kedrec again.") from error
