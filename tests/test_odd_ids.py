"""Ids and names that hold our own signs, as 17 drugs of DRKG do, are found, cited and taught like all others."""

import json
import random

import pytest
from graph_stores import GENE_OF, TARGET, TREATS, write_graph
from typer.testing import CliRunner

from kedrec.agents.answer_html.graph_paths import network_of
from kedrec.agents.models.graph_request import Task, speaks_of
from kedrec.agents.prompting.answer_format import NO_EVIDENCE
from kedrec.cli.app import app
from kedrec.graphdb.embedded.build import load_graph
from kedrec.records import Evidence, Recommendation
from kedrec.records.paths import edge_source, path_source, triples_of

OTHER = "Compound::DB2"
ODD = {
    "published": ("Compound::MESH:C028145|MESH:D004369", "Disease::MESH:D1", "Gene::1;2", TREATS, ()),
    "every sign": ("Compound::a|b ; c\\d|", "Disease::x; y|z", "Gene::1 ; 2|3\\", TREATS, ()),
    "odd names": (
        "Compound::MESH:C1|MESH:C2", "Disease::D,1:2#3", "Gene::7157", TREATS,
        (
            ("Compound::MESH:C1|MESH:C2", "Alpha | beta; gamma"), ("Disease::D,1:2#3", "ache: of, a|b"),
            ("Gene::7157", "A;B; C"),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_every_path_is_read_back_as_it_was_written(seed):
    chance = random.Random(seed)

    def text(start):
        return start + "".join(chance.choices("ab1|;\\ :,#%é", k=chance.randrange(12))).strip()

    for _ in range(200):
        path = tuple((text("Compound::"), text("r:"), text("Gene::")) for _ in range(chance.randint(1, 3)))
        assert triples_of(path_source(path)) == path


def test_ids_without_our_signs_stand_as_they_are_and_passages_are_no_paths():
    assert edge_source("Gene::1;2", "Hetionet::Gr>G::Gene:Gene", "Disease::SARS-CoV2 E") == (
        "Gene::1;2|Hetionet::Gr>G::Gene:Gene|Disease::SARS-CoV2 E"
    )
    for source in ("PMID:1", "PMID:1#text-2", "NCT00000001", "a|b|c", "", "|", "x|y|Gene::1", "A::1|r|B::2 ; PMID:1"):
        assert triples_of(source) == ()


def test_evidence_over_an_id_with_a_bar_is_about_its_ends():
    item = Evidence(key="K1", source_id=edge_source("Compound::A|B", TREATS, "Disease::1"), text="one treats it")
    assert triples_of(item.source_id) == (("Compound::A|B", TREATS, "Disease::1"),)
    entity = {"kind": "Compound", "name": "nothing alike"}
    about = {one: speaks_of(item, Task.model_fields["disease"].annotation(id=one, **entity)) for one in ENDS}
    assert about == {"Compound::A|B": True, "Disease::1": True, "Compound::A": False, "B": False}


ENDS = ("Compound::A|B", "Disease::1", "Compound::A", "B")


@pytest.fixture(params=ODD)
def world(request, tmp_path, monkeypatch):
    """A home whose drug, disease and gene are odd, and what they are called."""
    drug, disease, gene, treats, names = ODD[request.param]
    rows = [(drug, treats, disease), (drug, TARGET, gene), (disease, GENE_OF, gene), (OTHER, TARGET, "Gene::9")]
    monkeypatch.setenv("KEDREC_HOME", str(tmp_path / "home"))
    load_graph(*write_graph(tmp_path, rows, names), tmp_path / "home" / "graph")
    return drug, disease, gene, dict(names)


def kedrec(*words):
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def bare(text):
    return "".join(text.split())


def compared(world):
    drug, disease, _, _ = world
    return json.loads(kedrec("compare", disease, drug, OTHER, "--json"))


def test_compare_finds_and_cites_the_edges_of_an_odd_id(world):
    drug, disease, gene, names = world
    made = compared(world)
    triples = {key: triples_of(entry["source_id"]) for key, entry in made["evidence"].items()}
    assert ((drug, TREATS, disease),) in triples.values()
    assert ((drug, TARGET, gene), (disease, GENE_OF, gene)) in triples.values()
    assert made["choice"] == drug and made["sentences"]
    assert all(set(sentence["citations"]) <= set(triples) for sentence in made["sentences"])
    answers = {one["question"]["key"]: one for one in made["answers"] if one["question"]["drug"] == drug}
    for key in ("mechanism", "shared_targets", "current_use"):
        assert answers[key]["stance"] == "supports" and answers[key]["text"] != NO_EVIDENCE
        assert bare(names.get(drug, drug)) in bare(answers[key]["text"]) and answers[key]["citations"]


def test_people_read_the_name_and_the_page_draws_the_edges(world):
    drug, disease, gene, names = world
    printed = bare(kedrec("compare", disease, drug, OTHER))
    assert bare(names.get(drug, drug)) in printed and bare(names.get(disease, disease)) in printed
    made = Recommendation.model_validate(compared(world))
    drawn = network_of(made, drug, [])
    assert {(link.head, link.relation, link.tail) for link in drawn.links} == {
        (drug, TREATS, disease), (drug, TARGET, gene), (disease, GENE_OF, gene)
    }  # fmt: skip
    assert {one: drawn.names[one] for one in (drug, disease, gene)} == {
        one: names.get(one, one) for one in (drug, disease, gene)
    }


def test_hidden_pairs_are_hidden_and_rows_are_taught_and_exported(world, tmp_path):
    drug, disease, _, names = world
    pair = {"id": "p|1", "disease": {"id": disease, "name": "d"}, "answer": drug}
    pair |= {"candidates": [{"id": one, "name": one} for one in (drug, OTHER)]}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(pair) + "\n")
    for folder, options in (("open", ()), ("hidden", ("--hide-pairs",))):
        kedrec("runs", "start", tmp_path / "pairs.jsonl", "--out", tmp_path / folder, *options)
        kedrec("runs", "export", tmp_path / folder, "--out", tmp_path / f"{folder}.jsonl")
    rows = {one: json.loads((tmp_path / f"{one}.jsonl").read_text()) for one in ("open", "hidden")}
    assert rows["open"]["choice"] == drug and rows["hidden"]["error"] is None
    assert "lists it as a treatment" in rows["open"]["rationale"]
    assert "lists it as a treatment" not in rows["hidden"]["rationale"]
    assert [one.replace("\\|", "|") for one in rows["open"]["candidates"].split(" | ")] == [drug, OTHER]
    kedrec("dataset", "build", tmp_path / "open", "--out", tmp_path / "data")
    taught = "".join(path.read_text() for path in (tmp_path / "data").glob("[tv]*.jsonl"))
    said = [message["content"] for row in map(json.loads, taught.splitlines()) for message in row["messages"]]
    assert any(
        "current_use | supports" in str(text) and bare(names.get(drug, drug)) in bare(str(text)) for text in said
    )
