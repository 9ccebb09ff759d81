"""Hetionet's table of nodes, whose ids DRKG took over: symptoms, side effects, pathways, anatomy, GO terms and more.

Source: https://github.com/hetio/hetionet (CC0 for original content)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kedrec.errors import InputError
from kedrec.graphdb.vocabularies.text import Term, lines_of

__all__ = ["read_hetionet"]

WHAT = "Hetionet's nodes"
COLUMNS = ["id", "name", "kind"]


def read_hetionet(path: Path) -> Iterator[Term]:
    """Yield the nodes; their ids are DRKG's whole ids: `Side Effect::C0000737`.

    Args:
        path: `hetionet-v1.0-nodes.tsv`, plain or gzipped.

    Raises:
        InputError: it is no such file, or a line does not fit; with its number.
    """
    number = 0
    for number, line in lines_of(path, WHAT):
        columns = line.split("\t")
        if number == 1:
            if columns != COLUMNS:
                raise InputError(path, f"the first line is not id<TAB>name<TAB>kind; this is not the file of {WHAT}", 1)
            continue
        if len(columns) != len(COLUMNS) or "::" not in columns[0]:
            raise InputError(path, f"a line of {WHAT} is id<TAB>name<TAB>kind with an id like Gene::9021", number)
        yield Term(columns[0], columns[1])
    if not number:
        raise InputError(path, f"the file is empty; expected {WHAT}")
