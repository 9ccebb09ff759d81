"""The names of a graph in Neo4j are fetched once and kept for later processes, as long as they are that graph's."""

import pytest
from graph_stores import TREATS, in_neo4j

from kedrec.graphdb.neo4j.names import fetched_names
from kedrec.graphdb.neo4j.store import Neo4jStore
from kedrec.locks import writing

ROWS = [
    {"id": "Gene::1", "name": "GEN1", "synonyms": [], "degree": 1, "loop": True},
    {"id": "Compound::DB1", "name": "Alphadrug", "synonyms": ["Alfa", "A-drug"], "degree": 3, "loop": False},
    {"id": "Compound::DB2", "name": "Compound::DB2", "synonyms": [], "degree": 1, "loop": False},
]


def never():
    raise AssertionError("fetched again")


def asked(names, text):
    return names.resolver.resolve(text, None, 3, lambda _: True)


def check(names):
    assert names.ids == ["Compound::DB1", "Compound::DB2", "Gene::1"]
    assert names.neighbours.tolist() == [3, 1, 2]
    assert (asked(names, "a-drug").match, asked(names, "a-drug").entity.id) == ("synonym", "Compound::DB1")
    assert asked(names, "alphadrug").entity.synonyms == ("Alfa", "A-drug")
    assert asked(names, "alphadrg").alternatives[0].id == "Compound::DB1"


def test_names_are_kept_and_not_fetched_again(tmp_path):
    check(fetched_names(lambda: ROWS, "hash", tmp_path / "kept"))
    check(fetched_names(never, "hash", tmp_path / "kept"))


def test_names_of_another_graph_are_fetched_and_take_their_place(tmp_path):
    fetched_names(lambda: ROWS[:1], "other", tmp_path)
    check(fetched_names(lambda: ROWS, "hash", tmp_path))
    check(fetched_names(never, "hash", tmp_path))
    assert len(list(tmp_path.glob("version-*"))) == 1


@pytest.mark.parametrize("part", ["ids.txt", "neighbours.npy", "folded_starts.npy", "manifest.json"])
@pytest.mark.parametrize("fault", ["gone", "cut off"])
def test_a_damaged_copy_is_fetched_again(tmp_path, part, fault):
    fetched_names(lambda: ROWS, "hash", tmp_path)
    path = next(tmp_path.glob(f"version-*/{part}"))
    path.unlink() if fault == "gone" else path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    check(fetched_names(lambda: ROWS, "hash", tmp_path))
    check(fetched_names(never, "hash", tmp_path))


def test_names_are_there_where_none_can_be_kept(tmp_path):
    check(fetched_names(lambda: ROWS, "hash", None))
    (tmp_path / "file").write_text("")
    check(fetched_names(lambda: ROWS, "hash", tmp_path / "file"))
    with writing(tmp_path / "busy"):
        check(fetched_names(lambda: ROWS, "hash", tmp_path / "busy"))
    assert fetched_names(list, "hash", None).ids == []


def test_a_store_opened_again_does_not_fetch_the_names_again(tmp_path, monkeypatch):
    from kedrec.graphdb.neo4j import cypher

    first = in_neo4j(tmp_path, [("Compound::DB1", TREATS, "Disease::1")], [("Compound::DB1", "Alphadrug")])
    server = first._server
    assert Neo4jStore.open(server, names_in=tmp_path / "kept").search("alphadrug").entity.id == "Compound::DB1"
    monkeypatch.setattr(cypher, "ENTITIES", "RETURN no")
    again = Neo4jStore.open(server, names_in=tmp_path / "kept")
    assert again.search("alphadrug").entity.id == "Compound::DB1"
