"""Pairs files: strict reading, and the wall between question and answer."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from kedrec.distill.pairs.pairs_file import Pair, read_pairs
from kedrec.errors import InputError


def item(number: int = 1, **more: object) -> dict[str, object]:
    return {
        "id": f"p{number}",
        "split": "dev",
        "disease": {"id": "Disease::1", "name": "gout"},
        "candidates": [{"id": "Compound::1", "name": "a"}, {"id": f"Compound::{number + 1}", "name": "b"}],
        "answer": "Compound::1",
        "negative_kind": "same_target",
        "sources": ["x"],
        **more,
    }


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def test_a_pair_holds_the_question_and_nothing_of_the_answer(tmp_path):
    pairs = read_pairs(write(tmp_path / "pairs.jsonl", item()))
    assert set(Pair.model_fields) == {"id", "disease", "candidates"}
    assert "same_target" not in pairs.questions[0].model_dump_json()
    assert pairs.scoring["p1"].answer == "Compound::1"


def test_all_pairs_of_all_diseases_are_hidden_at_once(tmp_path):
    pairs = read_pairs(write(tmp_path / "pairs.jsonl", item(1), item(2)))
    assert pairs.hidden() == {frozenset(("Disease::1", f"Compound::{n}")) for n in (1, 2, 3)}


def test_a_compressed_file_reads_the_same(tmp_path):
    plain = write(tmp_path / "pairs.jsonl", item())
    (tmp_path / "pairs.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    zipped = read_pairs(tmp_path / "pairs.jsonl.gz")
    assert zipped.questions == read_pairs(plain).questions
    assert zipped.sha256 == read_pairs(plain).sha256


def test_splits_can_be_taken_apart(tmp_path):
    pairs = read_pairs(write(tmp_path / "pairs.jsonl", item(1), item(2, split="train")))
    assert [question.id for question in pairs.of_split("train").questions] == ["p2"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        (json.dumps({"id": "p2"}), "`disease`"),
        (json.dumps(item(2, candidates=[])), "`candidates`"),
        (json.dumps(item(2, disease={"id": ""})), "`disease.id`"),
        (json.dumps(item(2, candidates=[{"id": "Compound::1"}] * 2)), "stands there twice"),
        (json.dumps(item(2, answer="Compound::9")), "not one of the candidates"),
        (json.dumps(item(1)), "stands there twice"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, row, message):
    path = write(tmp_path / "pairs.jsonl", item(1), row)
    with pytest.raises(InputError, match="line 2") as caught:
        read_pairs(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_missing_or_broken_file_is_one_clear_error(tmp_path):
    (tmp_path / "broken.jsonl.gz").write_bytes(b"no gzip")
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    for path in (
        write(tmp_path / "empty.jsonl"),
        tmp_path / "nowhere",
        tmp_path / "broken.jsonl.gz",
        tmp_path / "latin.jsonl",
    ):
        with pytest.raises(InputError, match=path.name):
            read_pairs(path)


def test_pairs_without_answers_can_be_run_but_not_scored(tmp_path):
    row = {key: value for key, value in item().items() if key in ("id", "disease", "candidates")}
    pairs = read_pairs(write(tmp_path / "pairs.jsonl", row))
    with pytest.raises(InputError, match="has no `answer`"):
        pairs.answered()


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: data[:10] + b"\xff" * 40, lambda data: b"\x1f\x8bx"]
)
def test_a_packed_file_that_is_damaged_is_an_error_of_the_file(tmp_path, damage):
    path = tmp_path / "pairs.jsonl.gz"
    path.write_bytes(damage(gzip.compress(b'{"id": "a"}\n' * 50)))
    with pytest.raises(InputError, match="cannot be read as JSON lines"):
        read_pairs(path)
    with pytest.raises(InputError, match="there is no such file"):
        read_pairs(tmp_path / "nowhere.jsonl")
