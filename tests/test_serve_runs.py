"""Runs over many pairs, as the server shows them."""

import csv
import json
import re

import pytest
from world import BARI, DISEASE, METHO, SULFA, build

from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.export import export_run
from kedrec.distill.runs.run import start_run
from kedrec.locks import writing
from kedrec.serve.kept_runs import KeptRuns


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = build(tmp_path_factory.mktemp("world") / "home").model_copy(update={"setting": "none"})
    pairs = [(BARI, SULFA), (BARI, METHO), (BARI, "Compound::DB99999")]
    rows = [
        {"id": f"p{at}", "disease": {"id": DISEASE}, "candidates": [{"id": a}, {"id": b}]}
        for at, (a, b) in enumerate(pairs)
    ]
    path = made.home / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    start_run(read_pairs(path), made.home / "runs" / "first", made)
    (made.home / "runs" / "no-run").mkdir()
    return made


def test_a_run_is_listed_with_how_far_it_is_also_while_it_goes_on(web, settings):
    [listed] = web.get("/api/runs").json()
    assert listed == web.get("/api/runs/first").json()
    assert (listed["name"], listed["model"], listed["setting"]) == ("first", "offline", "none")
    status = listed["status"]
    assert (status["pairs"], status["done"], status["failed"]) == (3, 2, {"UnknownEntity": 1})
    assert status["running"] is False
    with writing(settings.home / "runs" / "first"):
        assert web.get("/api/runs/first").json()["status"]["running"] is True


def test_its_rows_are_read_in_part_and_by_whether_they_failed(web):
    def ids(**asked):
        return [row["pair_id"] for row in web.get("/api/runs/first/rows", params=asked).json()]

    assert ids() == ["p0", "p1", "p2"] and ids(failed=True) == ["p2"] and ids(failed=False) == ["p0", "p1"]
    assert ids(after=1, limit=1) == ["p1"] and ids(after=9) == []


@pytest.mark.parametrize("name", ["second", "no-run", "..", "..%2f..", ".hidden", "first%2f..%2ffirst", "a b"])
def test_no_name_leads_to_another_folder(web, name):
    response = web.get(f"/api/runs/{name}")
    assert response.status_code in (404, 422) and response.json()["error"]["message"]


def test_a_run_that_lies_elsewhere_has_a_name_that_tells_no_path(settings):
    [within] = KeptRuns(settings.home, settings.home / "runs").list()
    [without] = KeptRuns(settings.home, settings.home / "none").list()
    assert within.name == "first" and re.fullmatch("first-[0-9a-f]{6}", without.name)
    assert (within.info, within.status) == (without.info, without.status)


def test_the_page_lists_the_runs_that_the_interface_lists(web):
    [listed] = web.get("/api/runs").json()
    assert f'href="/batches/{listed["name"]}"' in web.get("/runs").text


def test_no_cell_of_a_table_for_spreadsheets_is_a_formula_and_other_forms_keep_every_letter(tmp_path):
    names = [f"{begin}HYPERLINK(1)" for begin in "=+-@"]
    pairs = [{"id": name, "disease": {"id": DISEASE}, "candidates": [{"id": BARI}, {"id": SULFA}]} for name in names]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs), "utf-8")
    made = build(tmp_path / "home").model_copy(update={"setting": "none"})
    start_run(read_pairs(tmp_path / "pairs.jsonl"), tmp_path / "run", made)
    for suffix in (".csv", ".jsonl"):
        assert export_run(tmp_path / "run", tmp_path / f"out{suffix}") == len(names)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["pair_id"] for row in rows] == [f"'{name}" for name in names]
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    written = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["pair_id"] for line in written] == names
