"""`kedrec literature` from outside: JSON on stdout, words on stderr, exit codes."""

import json

import pytest

from kedrec.cli import main


@pytest.fixture
def kedrec(capsys, monkeypatch):
    monkeypatch.setenv("KEDREC_EMBED", "never")

    def run(*words):
        with pytest.raises(SystemExit) as left:
            main(list(map(str, words)))
        done = capsys.readouterr()
        return left.value.code, done.out, done.err

    return run


@pytest.fixture
def articles(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [
        {"id": f"PMID:{i}", "title": f"Drug{i} in asthma", "abstract": f"Drug{i} helped.", "year": 2020} for i in (1, 2)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_add_search_and_info_print_one_json_document(kedrec, articles):
    code, out, _ = kedrec("literature", "add", articles, "--json")
    assert code == 0 and json.loads(out)["files"][0]["added"] == 2
    code, out, err = kedrec("literature", "search", "drug2", "--corpus", "articles", "--json")
    found = json.loads(out)
    assert code == 0 and found["stages"] == ["bm25"] and "BM25 alone" in err
    assert {"id", "corpus", "title", "year", "text", "scores"} <= set(found["hits"][0])
    assert found["hits"][0]["id"] == "PMID:2" and len(found["hits"]) == 1
    code, out, _ = kedrec("literature", "info", "--json")
    assert json.loads(out)["documents"] == {"pubmed": 2, "pmc": 0, "trials": 0}


def test_ten_hits_are_the_default(kedrec, tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_text(
        "".join(json.dumps({"id": f"NCT{i:08d}", "text": f"asthma {i}"}) + "\n" for i in range(30)), "utf-8"
    )
    kedrec("literature", "add", path)
    assert len(json.loads(kedrec("literature", "search", "asthma", "--json")[1])["hits"]) == 10
    assert len(json.loads(kedrec("literature", "search", "asthma", "--json", "--limit", 3)[1])["hits"]) == 3


@pytest.mark.parametrize(
    "words",
    [
        ("add", "nowhere.jsonl"),
        ("add", __file__),
        ("search", "x", "--corpus", "books"),
        ("search", "x", "--limit", "0"),
        ("add", "x.jsonl", "--format", "xml"),
        ("add", "x.jsonl", "--engine", "batch"),
        ("embed", "--engine", "spark"),
    ],
)
def test_a_users_mistake_exits_2_with_one_line(kedrec, articles, words):
    kedrec("literature", "add", articles)
    code, out, err = kedrec("literature", *words)
    assert code == 2 and out == "" and "Traceback" not in err and len(err.strip().splitlines()) == 1


def test_a_bad_file_names_its_line(kedrec, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": "NCT00000001", "text": "x"}\nnonsense\n', "utf-8")
    code, _, err = kedrec("literature", "add", path)
    assert code == 2 and "line 2" in err
    assert json.loads(kedrec("literature", "info", "--json")[1])["documents"]["trials"] == 0
