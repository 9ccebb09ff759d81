"""Curated mechanisms as sentences: DrugMechDB's paths, link by link."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kedrec.distill.pairs.lines import content_of
from kedrec.errors import InputError

__all__ = ["mechanism_sentences"]


def mechanism_sentences(path: Path) -> dict[tuple[str, str], str]:
    """(drug id, disease id) -> the first curated path from the one to the other, its links as sentences.

    Args:
        path: JSON lines `{drug: {id}, disease: {id}, nodes: [{id, name}], links: [{source, key, target}]}`.

    Raises:
        InputError: with the line number, where a line is no such path.
    """
    found: dict[tuple[str, str], str] = {}
    for number, line in enumerate(content_of(path).split("\n"), 1):
        if line.strip():
            key, text = _read(path, number, line)
            found.setdefault(key, text)
    return found


def _read(path: Path, number: int, line: str) -> tuple[tuple[str, str], str]:
    try:
        row = json.loads(line)
        names = {node["id"]: node["name"] for node in row["nodes"]}
        links = dict.fromkeys(_said(link, names) for link in row["links"])
        return (row["drug"]["id"], row["disease"]["id"]), " ".join(links)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"expected a path of DrugMechDB, found {error!r}", number) from None


def _said(link: Any, names: dict[str, str]) -> str:
    return f"{names[link['source']]} {link['key']} {names[link['target']]}."
