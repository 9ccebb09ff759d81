"""`kedrec compare`, `recommend` and `trace`, as a user types them, with the offline model over a real home."""

import json
import re

import pytest
from world import BARI, DISEASE, METHO, SULFA, build

from kedrec.agents.traces.store import TraceStore
from kedrec.cli.app import main

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return build(tmp_path_factory.mktemp("world") / "home").home


@pytest.fixture
def kedrec(world, capsys):
    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            main(["--home", str(world), *map(str, words)])
        out, err = capsys.readouterr()
        return stopped.value.code, out, err

    return run


def test_compare_prints_one_recommendation_whose_every_sentence_is_cited(kedrec, world):
    code, out, _ = kedrec("compare", "alopecia areata", "Olumiant", "sulfasalazine", "--json")
    made = json.loads(out)
    assert code == 0
    assert {"choice", "abstained", "confidence", "sentences", "evidence", "not_found", "trace_id"} <= set(made)
    assert made["choice"] == BARI
    assert 0.5 < made["confidence"] <= 1
    assert made["sentences"]
    for sentence in made["sentences"]:
        assert sentence["citations"]
        assert set(sentence["citations"]) <= set(made["evidence"])
        assert not re.search(r"\[[KPT]\d+\]", sentence["text"])
    assert all({"source_id", "text"} <= set(entry) for entry in made["evidence"].values())
    assert TraceStore(world / "traces").get(made["trace_id"]).recommendation.model_dump(mode="json") == made


def test_compare_tells_people_how_names_were_understood_and_why(kedrec):
    code, out, _ = kedrec("compare", "alopecia areata", "Olumiant", "sulfasalazine")
    assert code == 0
    assert "Olumiant = Baricitinib" in out
    assert "Baricitinib for alopecia areata" in out
    assert re.search(r"\[[KPT]\d+\]", out)
    assert f"{BARI}|DRUGBANK" in out.replace("\n", "")
    assert "weighed by rule, no language model" in " ".join(out.split())


@pytest.mark.parametrize("setting", ["none", "trials", "articles", "both"])
def test_every_setting_answers_with_its_own_evidence_only(kedrec, setting):
    code, out, _ = kedrec("compare", DISEASE, BARI, SULFA, METHO, "--setting", setting, "--json")
    made = json.loads(out)
    assert code == 0
    allowed = {"none": "K", "trials": "KT", "articles": "KP", "both": "KPT"}[setting]
    assert {key[0] for key in made["evidence"]} <= set(allowed)
    assert made["choice"] or made["abstained"]


def test_one_drug_alone_is_judged(kedrec):
    code, out, _ = kedrec("compare", "alopecia areata", "baricitinib", "--json")
    assert code == 0
    assert json.loads(out)["choice"] == BARI


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("alopecia areata", "baricitinob", "sulfasalazine"), "Baricitinib"),
        (("alopecia areta", "baricitinib"), "alopecia areata"),
        (("alopecia areata", "shared name"), "ambiguous"),
        (("baricitinib", "sulfasalazine"), "not a disease"),
        (("alopecia areata", "baricitinib", "Olumiant"), "same drug"),
        (("alopecia areata", *[BARI] * 11), "1 to 10"),
        (("alopecia areata", BARI, "--setting", "everything"), "setting"),
        (("alopecia areata", BARI, "--model", "nosuch"), "model"),
    ],
)
def test_a_mistake_is_one_line_with_what_to_do_and_exit_2(kedrec, words, says):
    code, out, err = kedrec("compare", *words, "--json")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert says in err


def test_without_a_graph_the_way_to_one_is_told(kedrec, tmp_path):
    code, out, err = kedrec("--home", tmp_path / "empty", "compare", DISEASE, BARI)
    assert (code, out) == (2, "")
    assert "kedrec graph load" in err


def test_recommend_ranks_drugs_with_cited_sentences(kedrec):
    code, out, _ = kedrec("recommend", "alopecia areata", "--top", "2", "--json")
    made = json.loads(out)
    assert code == 0
    assert made["disease"]["id"] == DISEASE
    assert len(made["drugs"]) == 2
    assert made["drugs"][0]["id"] == BARI
    assert made["drugs"][0]["score"] >= made["drugs"][1]["score"]
    assert made["drugs"][0]["sentences"]
    for drug in made["drugs"]:
        for sentence in drug["sentences"]:
            assert set(sentence["citations"]) <= set(made["evidence"])
            assert sentence["citations"]


def test_a_list_tells_which_drugs_nothing_tells_a_use_of(kedrec):
    _, out, _ = kedrec("recommend", "alopecia areata", "--setting", "none", "--json")
    told = {drug["name"]: drug["use_told"] for drug in json.loads(out)["drugs"]}
    assert told["Baricitinib"] and not told["Sulfasalazine"]
    _, out, _ = kedrec("recommend", "alopecia areata", "--setting", "none")
    marked = [line for line in out.splitlines() if "by likeness" in line]
    assert any("Sulfasalazine" in line for line in marked) and not any("Baricitinib" in line for line in marked)


def test_recommend_for_people_and_for_an_unknown_disease(kedrec):
    code, out, _ = kedrec("recommend", "alopecia areata", "--top", "1")
    assert code == 0
    assert "1. Baricitinib" in out
    code, out, err = kedrec("recommend", "alopecia areta")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_traces_are_listed_shown_and_replayed(kedrec):
    made = json.loads(kedrec("compare", "alopecia areata", "Olumiant", "sulfasalazine", "--json")[1])
    code, out, _ = kedrec("trace", "list", "--json")
    assert code == 0
    assert json.loads(out)[0]["id"] == made["trace_id"]
    assert made["trace_id"] in kedrec("trace", "list", "--limit", "1")[1]
    code, out, _ = kedrec("trace", "show", "latest")
    assert code == 0
    assert "weigh_evidence" in out
    assert "Baricitinib for alopecia areata" in out
    assert json.loads(kedrec("trace", "show", made["trace_id"][:-1], "--json")[1])["id"] == made["trace_id"]
    code, out, _ = kedrec("trace", "replay", "latest", "--json")
    assert (code, json.loads(out)) == (0, {"identical": True, "first_difference": None})


def test_an_unknown_trace_is_one_line(kedrec, tmp_path):
    for words in (("trace", "show", "nosuch"), ("trace", "replay", "nosuch"), ("trace", "show", "2")):
        code, out, err = kedrec(*words)
        assert (code, out, err.count("\n")) == (2, "", 1), words
    assert kedrec("--home", tmp_path / "empty", "trace", "list", "--json")[:2] == (0, "[]\n")
