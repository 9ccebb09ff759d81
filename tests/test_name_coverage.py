"""The share of entities that have a name is told, and the ids without one go to a file that can be filled in."""

import json

import pytest
from graph_stores import TARGET, TREATS, embedded, in_neo4j, write_graph
from typer.testing import CliRunner

from kedrec.cli.app import app
from kedrec.errors import UserError
from kedrec.graphdb.drkg.files import read_names
from kedrec.graphdb.names.coverage import covered, write_unnamed

TRIPLES = [
    ("Compound::DB1", TREATS, "Disease::1"), ("Compound::DB2", TREATS, "Disease::1"),
    ("Compound::DB1", TARGET, "Gene::1;2"),
    ("Compound::MESH:C1", TARGET, "Gene::1;2"),
]  # fmt: skip
NAMES = [("Compound::DB1", "Alphadrug"), ("Compound::DB2", "", "Beta"), ("Disease::1", "Pain"), ("Disease::2", "Ache")]
UNNAMED = ["Compound::DB2", "Compound::MESH:C1", "Gene::1;2"]


@pytest.mark.parametrize("make", [embedded, in_neo4j])
def test_both_stores_know_which_entities_with_edges_have_no_name(make, tmp_path):
    store = make(tmp_path, TRIPLES, NAMES)
    assert store.unnamed() == UNNAMED
    without_last_edge = store.hiding(frozenset({frozenset({"Compound::DB2", "Disease::1"})}))
    assert without_last_edge.unnamed() == UNNAMED[1:]
    rows = covered(store.stats().kinds, store.unnamed())
    assert {kind: (row.named, row.entities) for kind, row in rows.items()} == {
        "Compound": (1, 3),
        "Disease": (1, 1),
        "Gene": (0, 1),
    }
    assert rows["Compound"].share == 0.3333


def test_the_file_of_the_unnamed_is_a_names_file_to_fill_in(tmp_path):
    path = tmp_path / "unnamed.tsv"
    write_unnamed(UNNAMED, path)
    assert (read_names(path).ids, read_names(path).names) == (frozenset(UNNAMED), {})
    path.write_text(path.read_text().replace("Gene::1;2\t", "Gene::1;2\tGEN1/GEN2"))
    assert read_names(path).names == {"Gene::1;2": "GEN1/GEN2"}
    for wrong in (tmp_path, tmp_path / "no" / "file", path / "below"):
        with pytest.raises(UserError, match="Cannot write"):
            write_unnamed(UNNAMED, wrong)
    assert [left.name for left in tmp_path.iterdir()] == ["unnamed.tsv"]


def test_load_lists_the_unnamed_and_info_tells_the_coverage(home, tmp_path):
    def kedrec(*words):
        done = CliRunner().invoke(app, list(map(str, words)))
        assert done.exit_code == 0, done.output
        return done

    files, names = write_graph(tmp_path / "files", TRIPLES, NAMES)
    loaded = kedrec("graph", "load", *files, "--names", names, "--no-derive")
    assert str(home / "unnamed.tsv") in loaded.stderr
    assert sorted(read_names(home / "unnamed.tsv").ids) == UNNAMED
    told = json.loads(kedrec("graph", "info", "--json").stdout)
    assert told["names"]["Compound"] == {"entities": 3, "named": 1, "share": 0.3333}
    shown = kedrec("graph", "info", "--unnamed", tmp_path / "here.tsv")
    assert "33.3%" in shown.stdout and "here.tsv" in shown.stderr
    assert (tmp_path / "here.tsv").read_bytes() == (home / "unnamed.tsv").read_bytes()
    every = [(entity_id, "named") for entity_id in UNNAMED] + NAMES[:1] + NAMES[2:]
    kedrec("graph", "load", *files, "--names", write_graph(tmp_path / "every", TRIPLES, every)[1], "--no-derive")
    assert not (home / "unnamed.tsv").exists()
