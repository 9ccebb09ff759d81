"""BM25 scores of every term in every passage, made block by block and mapped into memory.

The scores are those of Lucene's BM25 (Robertson and Zaragoza 2009, equation 3.15, without the constant factor k1 + 1):
`log(1 + (N - n + 0.5) / (n + 0.5)) * f / (f + k1 (1 - b + b L / mean L))` for a term that stands f times in a passage
of L words and in n of N passages. A title counts TITLE_WEIGHT times.

| file | holds |
|---|---|
| `vocabulary.json` | stems, each at the place of its term number |
| `keys.npy` | key of each passage, shape (passages,) |
| `starts.npy`, `words.npy` | the terms of passage i in order are words[starts[i]:starts[i+1]]; BORDER follows the title and the text |
| `first.npy`, `holders.npy`, `scores.npy` | passages that hold term t, ascending, are holders[first[t]:first[t+1]], their scores beside them |
"""  # noqa: E501

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from kedrec.tools.search.stemming import BORDER, Vocabulary

__all__ = ["K1", "TITLE_WEIGHT", "B", "write_postings"]

K1, B, TITLE_WEIGHT = 0.9, 0.4, 2
_BLOCK = 20_000
"""Passages that are counted together: what memory is needed for."""

Integers = NDArray[np.int64]


def write_postings(folder: Path, passages: Iterable[tuple[int, str, str]]) -> None:
    """Write the files of an index into an empty folder.

    Args:
        folder: The folder.
        passages: Key, title and text of each, at least one, ascending by key.
    """
    terms = Vocabulary({"": BORDER})
    _write_words(folder, terms, passages)
    (folder / "vocabulary.json").write_text(json.dumps(list(terms.numbers), ensure_ascii=False), "utf-8")
    starts, words = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("starts", "words"))
    lengths, holding = _measured(starts, words, len(terms.numbers))
    _write_scores(folder, starts, words, lengths, holding)
    for file in folder.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())


def _write_words(folder: Path, terms: Vocabulary, passages: Iterable[tuple[int, str, str]]) -> None:
    """Write keys and terms of all passages in one go."""
    keys, ends = [], [0]
    with _Column(folder / "words.npy", np.int32) as column:
        for key, title, text in passages:
            row = [*terms.grow(title), BORDER, *terms.grow(text), BORDER]
            column.add(np.array(row, np.int32))
            keys.append(key)
            ends.append(ends[-1] + len(row))
    np.save(folder / "keys.npy", np.array(keys, np.int64))
    np.save(folder / "starts.npy", np.array(ends, np.int64))


def _blocks(starts: Integers, words: NDArray[np.int32]) -> Iterator[tuple[slice, Integers, Integers, Any]]:
    """Yield passages of a block, then term, passage and count of each posting, ordered by term, then passage."""
    for begin in range(0, len(starts) - 1, _BLOCK):
        end = min(begin + _BLOCK, len(starts) - 1)
        row = np.asarray(words[starts[begin] : starts[end]], np.int64)
        passage = np.repeat(np.arange(begin, end), np.diff(starts[begin : end + 1]))
        borders = np.cumsum(row == BORDER)
        counted = np.flatnonzero(row != BORDER)
        weight = np.where(borders[counted] % 2 == 0, TITLE_WEIGHT, 1)
        code = row[counted] * _BLOCK + (passage[counted] - begin)
        held, place = np.unique(code, return_inverse=True)
        yield slice(begin, end), held // _BLOCK, held % _BLOCK + begin, np.bincount(place, weight, len(held))


def _measured(starts: Integers, words: NDArray[np.int32], terms: int) -> tuple[NDArray[np.float64], Integers]:
    """Return the length of each passage, title weighted, and the number of passages that hold each term."""
    lengths, holding = np.zeros(len(starts) - 1), np.zeros(terms, np.int64)
    for passages, term, passage, count in _blocks(starts, words):
        lengths[passages] = np.bincount(passage - passages.start, count, passages.stop - passages.start)
        holding += np.bincount(term, minlength=terms)
    return lengths, holding


def _write_scores(
    folder: Path, starts: Integers, words: NDArray[np.int32], lengths: NDArray[np.float64], holding: Integers
) -> None:
    """Write each term's passages and their scores, block by block, at their places."""
    first = np.concatenate([[0], np.cumsum(holding)])
    np.save(folder / "first.npy", first)
    rarity = np.log(1 + (len(lengths) - holding + 0.5) / (holding + 0.5))
    damping = K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1e-9))
    holders = np.lib.format.open_memmap(folder / "holders.npy", "w+", np.int32, (int(first[-1]),))
    scores = np.lib.format.open_memmap(folder / "scores.npy", "w+", np.float32, (int(first[-1]),))
    free = first[:-1].copy()
    for _, term, passage, count in _blocks(starts, words):
        counts = np.bincount(term, minlength=len(holding))
        begins = np.concatenate([[0], np.cumsum(counts)])[:-1]
        places = free[term] + np.arange(len(term)) - begins[term]
        holders[places] = passage
        scores[places] = rarity[term] * count / (count + damping[passage])
        free += counts
    holders.flush()
    scores.flush()


class _Column:
    """A one-dimensional `.npy` file that grows; its header is written when its length is known."""

    _HEADER = 128

    def __init__(self, path: Path, kind: type[np.generic]) -> None:
        self.path, self.kind, self.length = path, np.dtype(kind), 0
        self._stack = ExitStack()

    def __enter__(self) -> _Column:
        self._file: IO[bytes] = self._stack.enter_context(self.path.open("wb"))
        self._file.write(bytes(self._HEADER))
        return self

    def add(self, values: NDArray[Any]) -> None:
        """Append values."""
        self._file.write(values.tobytes())
        self.length += len(values)

    def __exit__(self, *_: object) -> None:
        with self._stack:
            text = str({"descr": self.kind.str, "fortran_order": False, "shape": (self.length,)})
            room = self._HEADER - 10
            self._file.seek(0)
            self._file.write(b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little") + text.ljust(room - 1).encode() + b"\n")
