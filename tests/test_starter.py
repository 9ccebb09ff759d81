"""The starter data: whole, well formed, and true to the records it describes."""

import gzip
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

STARTER = Path(__file__).resolve().parents[1] / "examples" / "starter"
THERAPEUTIC = {"treats", "CtD", "CpD"}
RELATION = re.compile(r"(DRUGBANK|Hetionet)::[A-Za-z>]+::[A-Z][A-Za-z ]+:[A-Z][A-Za-z ]+")


def lines(name):
    return (STARTER / name).read_text(encoding="utf-8").splitlines()


def rows(name):
    return [json.loads(line) for line in lines(name)]


@pytest.fixture(scope="module")
def graph():
    return [tuple(line.split("\t")) for line in lines("graph.tsv")]


@pytest.fixture(scope="module")
def names():
    return {line.split("\t")[0]: line.split("\t")[1:] for line in lines("names.tsv")}


def therapeutic(graph):
    return {(head, tail) for head, relation, tail in graph if relation.split("::")[1] in THERAPEUTIC}


def targets(graph):
    hit = defaultdict(set)
    for head, relation, tail in graph:
        if relation.startswith("DRUGBANK::target::"):
            hit[head].add(tail)
    return hit


def words(text):
    return re.findall(r"\w+", text.lower())


def runs(text, length=8):
    found = words(text)
    return {tuple(found[start : start + length]) for start in range(len(found) - length + 1)}


def test_graph_lines_are_unique_triples_of_known_shape(graph):
    assert len(set(graph)) == len(graph)
    for head, relation, tail in graph:
        assert RELATION.fullmatch(relation), relation
        kinds = relation.split("::")[2].split(":")
        assert [head.split("::")[0], tail.split("::")[0]] == kinds


def test_graph_has_the_diseases_and_drugs_promised(graph):
    kinds = Counter(entity.split("::")[0] for entity in {entity for head, _, tail in graph for entity in (head, tail)})
    assert kinds["Disease"] >= 60
    assert kinds["Compound"] >= 200
    assert kinds["Gene"] > 500
    assert kinds["Pathway"] > 100


def test_every_entity_of_the_graph_has_a_name_and_nothing_else_has(graph, names):
    assert {entity for head, _, tail in graph for entity in (head, tail)} == set(names)
    for entity, fields in names.items():
        assert len(fields) == 2, entity
        assert fields[0].strip(), entity
        assert len(fields[1].split("|")) <= 8, entity


def test_disease_and_drug_names_and_synonyms_mean_one_thing(names):
    owners = defaultdict(set)
    for entity, (name, synonyms) in names.items():
        if entity.startswith(("Disease::", "Compound::")):
            for word in [name, *filter(None, synonyms.split("|"))]:
                owners[word.lower()].add(entity)
    assert {word: ids for word, ids in owners.items() if len(ids) > 1} == {}
    assert not {"all", "s", "post", "tissue", "weight", "type headache"} & set(owners)
    assert {"alopecia areata", "baricitinib", "sulfasalazine", "aspirin", "copd"} <= set(owners)


@pytest.mark.parametrize(
    ("name", "shape", "text", "least", "keys"),
    [
        ("articles.jsonl", r"PMID:[1-9]\d{4,7}", "abstract", 120, {"id", "title", "abstract", "year", "note"}),
        ("trials.jsonl", r"NCT\d{8}", "text", 60, {"id", "title", "text", "phase", "status", "note"}),
    ],
)
def test_notes_are_marked_short_and_carry_true_numbers(name, shape, text, least, keys):
    notes = rows(name)
    assert len(notes) >= least
    assert len({note["id"] for note in notes}) == len(notes)
    for note in notes:
        assert set(note) == keys
        assert re.fullmatch(shape, note["id"]), note["id"]
        assert note["note"] is True
        assert note["title"].strip()
        assert 1 <= len(re.findall(r"[.!?](?=\s|$)", note[text])) <= 4, note["id"]
    for note in notes:
        if "year" in note:
            assert isinstance(note["year"], int)
            assert 1900 < note["year"] < 2030


def test_pairs_are_forty_and_no_disease_is_in_both_splits():
    pairs = rows("pairs.jsonl")
    assert len({pair["id"] for pair in pairs}) == len(pairs)
    assert Counter(pair["split"] for pair in pairs) == {"train": 28, "dev": 12}
    diseases = defaultdict(set)
    for pair in pairs:
        diseases[pair["split"]].add(pair["disease"]["id"])
    assert not diseases["train"] & diseases["dev"]
    for split in ("train", "dev"):
        sides = {pair["candidates"][0]["id"] == pair["answer"] for pair in pairs if pair["split"] == split}
        assert sides == {True, False}, "the answer stands on both sides"


def test_every_pair_follows_from_the_graph(graph, names):
    treats, hit = therapeutic(graph), targets(graph)
    for pair in rows("pairs.jsonl"):
        disease = pair["disease"]
        for entity in [disease, *pair["candidates"]]:
            assert names[entity["id"]][0] == entity["name"]
        first, second = [candidate["id"] for candidate in pair["candidates"]]
        other = second if pair["answer"] == first else first
        assert pair["answer"] in (first, second)
        assert (pair["answer"], disease["id"]) in treats
        assert (other, disease["id"]) not in treats
        assert hit[first] & hit[second], pair["id"]
        assert pair["negative_kind"] in ("same_target", "same_target_co_mentioned")
        assert pair["sources"] == ["starter"]


def test_most_pairs_have_articles_and_trials_to_cite():
    pairs = rows("pairs.jsonl")
    assert sum(pair["abstracts"] >= 2 for pair in pairs) >= 36
    assert sum(pair["trials"] >= 1 for pair in pairs) >= 34


def records(folder, name):
    with gzip.open(folder / "literature" / name, "rt", encoding="utf-8") as stream:
        return {record["id"]: record for record in map(json.loads, stream)}


@pytest.mark.real
@pytest.mark.parametrize(
    ("mine", "theirs"), [("articles.jsonl", "abstracts.jsonl.gz"), ("trials.jsonl", "trials.jsonl.gz")]
)
def test_notes_are_true_to_their_records_and_copy_nothing(real_data, mine, theirs):
    held = records(real_data, theirs)
    for note in rows(mine):
        record = held[note["id"]]
        said = f"{note['title']} . {note.get('abstract') or note.get('text')}"
        source = f"{record.get('title', '')} . {record.get('abstract') or record.get('text')}"
        assert not runs(said) & runs(source), note["id"]
        assert set(re.findall(r"\d+", said)) <= set(re.findall(r"\d+", source)), note["id"]
        if "year" in note:
            assert note["year"] == int(record["year"])
        else:
            assert (note["phase"], note["status"]) == (record["phase"], record["status"])


@pytest.mark.real
def test_every_line_of_the_graph_is_a_line_of_the_source(real_data, graph):
    with gzip.open(real_data / "kg" / "drkg_slice.tsv.gz", "rt", encoding="utf-8") as stream:
        source = {tuple(line.rstrip("\n").split("\t")) for line in stream}
    assert set(graph) <= source
