"""Pairs files: strict reading, and the wall between question and answer."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from kedrec.distill.pairs.pairs_file import Pair, read_pairs
from kedrec.errors import InputError
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore

STARTER = Path(__file__).parent.parent / "examples" / "starter"


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


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStore:
    """The starter graph."""
    home = tmp_path_factory.mktemp("home")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    return EmbeddedStore.open(home / "graph")


@pytest.fixture
def named(graph) -> tuple[str, str, str]:
    """A disease and two drugs of the starter graph, by the names in its pairs."""
    row = json.loads((STARTER / "pairs.jsonl").read_text("utf-8").splitlines()[0])
    return (row["disease"]["name"], *(drug["name"] for drug in row["candidates"]))


@pytest.mark.parametrize("head", [(), ("Disease", "Drug A", "Drug B", "Answer")])
@pytest.mark.parametrize(("ending", "between"), [(".csv", ","), (".csv", ";"), (".tsv", "\t"), (".txt", "\t")])
def test_a_table_asks_the_same_as_json_lines_with_names(tmp_path, graph, named, head, ending, between):
    disease, one, other = named
    row = {"disease": disease, "candidates": [{"name": one}, other.upper()], "answer": other.lower()}
    lines = read_pairs(write(tmp_path / "pairs.jsonl", row), lambda: graph)
    cells = [(f'"{name}"' if between in name else name) for name in (disease, one, other, other)]
    rows = [between.join(line) for line in ([head] if head else []) + [cells]]
    table = read_pairs(write(tmp_path / f"pairs{ending}", "\ufeff" + "\n\n".join(rows)), lambda: graph)
    assert table.questions == lines.questions
    assert table.scoring == lines.scoring
    assert table.scoring[table.questions[0].id].answer == table.questions[0].candidates[1].id


def test_a_name_is_the_same_question_as_its_id_and_gets_the_same_made_id(tmp_path, graph, named):
    by_name = read_pairs(write(tmp_path / "a.jsonl", {"disease": named[0], "candidates": named[1:]}), lambda: graph)
    asked = by_name.questions[0]
    ids = [asked.disease.id, *(drug.id for drug in asked.candidates)]
    by_id = read_pairs(write(tmp_path / "b.csv", ",".join(ids))).questions[0]
    assert [by_id.disease.id, *(drug.id for drug in by_id.candidates)] == ids
    again = read_pairs(write(tmp_path / "c.csv", ",".join(named)), lambda: graph).questions[0]
    assert again.id == asked.id


def test_a_file_of_ids_opens_no_graph_and_keeps_ids_that_it_lacks(tmp_path):
    def never():
        raise AssertionError("the graph was opened")

    unknown = {**item(2), "disease": {"id": "Disease::nowhere"}}
    rows = item(1), unknown, {"disease": "Disease::x", "candidates": ["Compound::y"]}
    assert [pair.disease.id for pair in read_pairs(write(tmp_path / "pairs.jsonl", *rows), never).questions] == [
        "Disease::1", "Disease::nowhere", "Disease::x",
    ]  # fmt: skip


def test_all_names_that_are_not_clear_are_told_before_anything_begins(tmp_path, graph, named):
    disease, one, other = named
    asked = [(disease, one, other), (f"{disease}ks", one, other), (disease, one, "qwxzzy"), (disease, "qwxzzy", one)]
    rows = ["\t".join(row) for row in asked]
    path = write(tmp_path / "pairs.tsv", *rows)
    with pytest.raises(InputError) as refused:
        read_pairs(path, lambda: graph)
    said = str(refused.value)
    assert f"line 2: disease “{disease}ks” is not in the graph; near it: {disease}" in said
    assert "lines 3, 4: drug “qwxzzy” is not in the graph" in said
    assert "--skip-unknown" in said
    kept = read_pairs(path, lambda: graph, skip_unknown=True)
    assert len(kept.questions) == 1
    assert len(kept.left_out) == 2
    with pytest.raises(InputError, match="qwxzzy"):
        read_pairs(write(tmp_path / "none.tsv", rows[2]), lambda: graph, skip_unknown=True)


def test_an_ambiguous_name_is_told_with_what_it_may_mean(tmp_path):
    edges = [f"Compound::{n}\tDRUGBANK::treats::Compound:Disease\tDisease::1" for n in (1, 2, 3)]
    drugs = "Compound::1\tAlphamab\tsame", "Compound::2\tBetamab\tsame", "Compound::3\tGammamab\t"
    write(tmp_path / "graph.tsv", *edges)
    write(tmp_path / "names.tsv", "id\tname\tsynonyms", *drugs, "Disease::1\tdroop\t")
    load_graph([tmp_path / "graph.tsv"], tmp_path / "names.tsv", tmp_path / "graph")
    with pytest.raises(InputError, match=r"line 1: drug “same” may mean Alphamab .*, Betamab"):
        read_pairs(write(tmp_path / "pairs.csv", "droop,same,gammamab"), lambda: EmbeddedStore.open(tmp_path / "graph"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["{d},{a},{b},{a},{b}"], "5 columns, and no header"),
        (["disease,drug,drug", "{d},{a},{b},{a}"], "the header has 3"),
        (["{d},{a},{b}", "{d},{a},{b}"], "asks the same as line 1"),
        (["{d},{a},{b},{d}"], "not one of the candidates"),
        (["{d},{a},{a}"], "stands there twice"),
        (["{d}"], "`candidates`"),
        (["disease,drug"], "holds no pairs"),
    ],
)
def test_a_row_that_is_no_pair_is_told_by_its_line(tmp_path, graph, named, rows, message):
    disease, one, other = (f'"{name}"' for name in named)
    path = write(tmp_path / "pairs.csv", *(row.format(d=disease, a=one, b=other) for row in rows))
    with pytest.raises(InputError, match=message):
        read_pairs(path, lambda: graph)


def test_names_need_a_graph(tmp_path, named):
    with pytest.raises(InputError, match="no graph to look them up in"):
        read_pairs(write(tmp_path / "pairs.jsonl", {"disease": named[0], "candidates": list(named[1:])}))
