"""The library over real sources: revisions, deletions, retractions, cuts by date, stopped and broken adds."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest
from literature_files import STUDY, article_xml, citation_xml, pubmed_xml
from world import ARTICLES, BARI, DISEASE, METHO, build

from kedrec.agents.offline.literature_stats import CORPORA
from kedrec.agents.resources import Resources
from kedrec.config import Settings, load
from kedrec.errors import ConfigError, DamagedData, InputError, UserError
from kedrec.tools.library.database import Library
from kedrec.tools.library.filters import DocumentFilter
from kedrec.tools.literature import Literature
from kedrec.tools.literature_tools import RETRACTED
from kedrec.tools.sources import Reading
from kedrec.tools.text.drug_filter import DrugFilter


@pytest.fixture
def literature(tmp_path):
    return opened(tmp_path)


def opened(tmp_path, **settings):
    return Literature.open(tmp_path / "literature", Settings(embed="never", **settings))


def put(path, text):
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def held(literature):
    return {document.id: document.title for document in literature.documents()}


def test_a_newer_revision_takes_the_place_of_an_older_one_and_never_the_other_way_round(literature, tmp_path):
    old = put(tmp_path / "n1.xml", pubmed_xml(citation_xml(1, "Old", revised="2019-01-02")))
    new = put(tmp_path / "n2.xml", pubmed_xml(citation_xml(1, "New", revised="2020-01-02")))
    third = put(tmp_path / "n3.xml", pubmed_xml(citation_xml(1, "Second version", revised="2018-01-02", version=2)))
    assert literature.add(new).added == 1
    report = literature.add(old)
    assert (report.older, report.replaced) == (1, 0) and held(literature) == {"PMID:1": "New"}
    assert literature.add(third).replaced == 1 and held(literature) == {"PMID:1": "Second version"}


def test_deletions_are_carried_out_and_counted(literature, tmp_path):
    both = put(tmp_path / "n1.xml", pubmed_xml(citation_xml(1, "timolol"), citation_xml(2, "lithium")))
    gone = put(tmp_path / "n2.xml", pubmed_xml("<DeleteCitation><PMID>2</PMID><PMID>77</PMID></DeleteCitation>"))
    literature.add(both)
    assert literature.add(gone).deleted == 1
    assert held(literature) == {"PMID:1": "timolol"} and not literature.search("lithium").hits
    assert [hit.document_id for hit in literature.search("timolol").hits] == ["PMID:1"]
    literature.add(put(tmp_path / "n3.xml", pubmed_xml("<DeleteCitation><PMID>1</PMID></DeleteCitation>")))
    assert held(literature) == {} and not literature.search("timolol").hits


def test_a_file_that_was_added_is_passed_over_unless_a_later_one_changed_what_it_brought(literature, tmp_path):
    first = put(tmp_path / "a.jsonl", '{"id": "PMID:1", "title": "First", "abstract": "x"}\n')
    other = put(tmp_path / "b.jsonl", '{"id": "PMID:1", "title": "Other", "abstract": "x"}\n')
    literature.add(first)
    assert literature.add(first).skipped and literature.add_all([first], again=True)[0].unchanged == 1
    literature.add(other)
    again = literature.add(first)
    assert (again.skipped, again.replaced) == (False, 1) and held(literature) == {"PMID:1": "First"}


def test_a_baseline_is_passed_over_after_its_updates(literature, tmp_path):
    base = put(
        tmp_path / "n1.xml", pubmed_xml(citation_xml(1, revised="2019-01-02"), citation_xml(2, revised="2019-01-02"))
    )
    update = put(tmp_path / "n2.xml", pubmed_xml("<DeleteCitation><PMID>2</PMID></DeleteCitation>"))
    literature.add_all([base, update])
    assert [report.skipped for report in literature.add_all([base, update])] == [True, True]
    assert list(held(literature)) == ["PMID:1"]


def test_several_files_are_indexed_once_and_a_broken_one_costs_only_itself(literature, tmp_path):
    good = put(tmp_path / "a.xml", pubmed_xml(citation_xml(1, "timolol")))
    bad = put(tmp_path / "b.xml", pubmed_xml(citation_xml(2, "lithium"))[:-20])
    with pytest.raises(InputError, match=r"b\.xml"):
        literature.add_all([good, bad, good])
    assert [hit.document_id for hit in literature.search("timolol").hits] == ["PMID:1"]
    assert list(held(literature)) == ["PMID:1"] and len(list((literature.folder / "lexical").iterdir())) == 1
    assert not (literature.folder / "staged").exists()


def test_records_that_cannot_be_read_are_listed_beside_the_library(literature, tmp_path):
    broken = citation_xml(2).replace("</AbstractText>", "")
    path = put(tmp_path / "a.xml", pubmed_xml(citation_xml(1), broken, citation_xml(3, abstract="")))
    report = literature.add(path)
    assert (report.added, report.rejected, report.left_out) == (1, 1, {"no abstract": 1})
    table = [line.split("\t") for line in (literature.folder / "rejected.tsv").read_text("utf-8").splitlines()]
    assert table[0] == ["file", "place", "id", "reason"] and table[1][:3] == ["a.xml", "record 2", "PMID:2"]
    put(path, pubmed_xml(citation_xml(1), citation_xml(2)))
    assert literature.add(path).rejected == 0 and not (literature.folder / "rejected.tsv").exists()


def test_a_file_of_which_nothing_can_be_read_is_refused(literature, tmp_path):
    path = put(tmp_path / "a.xml", pubmed_xml(*["<PubmedArticle/>"] * 3))
    with pytest.raises(InputError, match="none of its 3 records"):
        literature.add(path)
    assert held(literature) == {} and literature.info().rejected == 0


def test_only_what_names_a_drug_is_kept_where_that_is_asked_for(literature, tmp_path):
    path = put(
        tmp_path / "a.xml",
        pubmed_xml(
            citation_xml(1, "Olumiant for hair"), citation_xml(2, "Hair"), citation_xml(3, abstract="With baricitinib.")
        ),
    )
    keep = DrugFilter([(BARI, "Baricitinib", ("Olumiant",)), (DISEASE, "hair", ())])
    (report,) = literature.add_all([path], keep=keep)
    assert keep.drugs == 1 and set(held(literature)) == {"PMID:1", "PMID:3"}
    assert report.left_out == {"no known drug": 1}


ADD = """
import sys
from pathlib import Path
from kedrec.config import Settings
from kedrec.tools.library import staging
from kedrec.tools.literature import Literature
staging._BATCH = 50
literature = Literature.open(Path(sys.argv[1]), Settings(embed="never"))
literature.add_all([Path(path) for path in sys.argv[2:]], on_progress=lambda *a: print(*a, flush=True))
"""


def killed_at(moment, folder, *paths):
    """Add files in another process, and kill it when it says that it has come so far."""
    command = [sys.executable, "-c", ADD, str(folder), *map(str, paths)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if line.startswith(moment):
            os.kill(child.pid, signal.SIGKILL)
            break
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL


def test_a_killed_add_goes_on_within_the_file_and_leaves_nothing_twice(literature, tmp_path):
    first = put(tmp_path / "n1.xml.gz", pubmed_xml(*map(citation_xml, range(1, 21))))
    second = put(tmp_path / "n2.xml.gz", pubmed_xml(*map(citation_xml, range(11, 1500))))
    killed_at("reading", literature.folder, first, second)
    assert len(held(literature)) == 20
    assert "not found yet" in " ".join(literature.search("helped").notes)
    reports = literature.add_all([first, second])
    assert reports[0].skipped and reports[1].resumed_at >= 50
    assert (reports[1].added, reports[1].unchanged) == (1479, 10)
    assert len(held(literature)) == 1499 and not (literature.folder / "staged").exists()
    assert literature.search("helped 1400", limit=1).notes == literature.search("helped").notes[:1]
    fresh = Literature.open(tmp_path / "fresh", Settings(embed="never"))
    fresh.add_all([first, second])
    assert fresh.content_sha256 == literature.content_sha256


def test_a_search_between_two_files_finds_what_is_still_there(literature, tmp_path):
    literature.add(put(tmp_path / "n1.xml", pubmed_xml(*map(citation_xml, range(1, 6)))))
    changed = [citation_xml(number, title="Another title") for number in range(1, 4)]
    later = put(tmp_path / "n2.xml", pubmed_xml(*changed))
    more = put(tmp_path / "n3.xml", pubmed_xml(*map(citation_xml, range(10, 500))))
    killed_at("reading", literature.folder, later, more)
    reopened = opened(tmp_path)
    assert {hit.document_id for hit in reopened.search("helped").hits} == {"PMID:4", "PMID:5"}
    assert reopened.content_sha256 != ""


def dated(tmp_path):
    """Articles of 2014 to 2016, one without a date, and a trial of 2014 that was last updated in 2018."""
    rows = [
        {"id": f"PMID:{year}", "title": f"Timolol in {year}", "abstract": "timolol", "year": year}
        for year in (2014, 2015, 2016)
    ]
    rows += [
        {"id": "PMID:1", "title": "Timolol", "abstract": "timolol"},
        {"id": "PMID:2", "title": "Timolol", "abstract": "timolol", "year": 2015, "date": "2015-06-30"},
        {"id": "NCT00000001", "text": "timolol", "year": 2010},
    ]
    literature = opened(tmp_path)
    articles = put(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    literature.add_all([articles, put(tmp_path / "b.json", json.dumps(STUDY))])
    return literature


@pytest.mark.parametrize(
    ("until", "within"),
    [
        ("2013", set()),
        ("2014", {"PMID:2014"}),
        ("2015-06-29", {"PMID:2014"}),
        ("2015-06", {"PMID:2014", "PMID:2"}),
        ("2015", {"PMID:2014", "PMID:2", "PMID:2015"}),
        ("2018-05-03", {"PMID:2014", "PMID:2", "PMID:2015", "PMID:2016"}),
        ("2018-05-04", {"PMID:2014", "PMID:2", "PMID:2015", "PMID:2016", "NCT00000042"}),
    ],
)
def test_a_cut_by_date_holds_for_everything_that_is_read(tmp_path, until, within):
    dated(tmp_path)
    cut = opened(tmp_path, until=until)
    assert {document.id for document in cut.documents()} == within
    assert {hit.document_id for hit in cut.search("timolol").hits} == within
    found = cut.search("timolol", only=DocumentFilter(until="2099"))
    assert {hit.document_id for hit in found.hits} == within and f"until {until}" in " ".join(found.notes)
    assert all(bool(cut.passages(name)) == (name in within) for name in ("PMID:2014", "PMID:1", "NCT00000042"))
    counted = cut.info().cut
    assert (counted.within, counted.later, counted.undated) == (len(within), 5 - len(within), 2)


def test_the_hash_of_the_literature_tells_cuts_apart(tmp_path):
    whole = dated(tmp_path)
    hashes = {
        literature.content_sha256
        for literature in (whole, opened(tmp_path, until="2014"), opened(tmp_path, until="2015"))
    }
    assert len(hashes) == 3


def test_a_search_can_be_narrowed_by_year_type_and_phase(tmp_path):
    literature = dated(tmp_path)
    typed = citation_xml(7, "Timolol reviewed", types=["Journal Article", "Review"])
    literature.add(put(tmp_path / "c.xml", pubmed_xml(typed)))

    def found(**wanted):
        return {hit.document_id for hit in literature.search("timolol", only=DocumentFilter(**wanted)).hits}

    assert found(since=2016) == {"PMID:2016"} and found(types=("REVIEW",)) == {"PMID:7"}
    assert found(phases=("PHASE2",)) == {"NCT00000042"} and found(phases=("1",)) == set()
    assert found(types=("review", "interventional"), until="2017") == {"PMID:7"}
    with pytest.raises(UserError, match="no date"):
        DocumentFilter(until="soon")


def test_the_setting_is_a_date(tmp_path, monkeypatch):
    monkeypatch.setenv("KEDREC_UNTIL", "2015")
    assert load().settings.until == "2015"
    (tmp_path / "kedrec.toml").write_text("until = 2014\n")
    assert load(env={}, cwd=tmp_path).settings.until == "2014"
    with pytest.raises(ConfigError, match="until"):
        load({"until": "2015-13"})


def test_retracted_articles_are_flagged_whoever_says_so(literature, tmp_path):
    literature.add(put(tmp_path / "a.nxml", article_xml(pmid="11")))
    assert not literature.search("warfarin").hits[0].retracted
    row = {"id": "PMID:11", "title": "Warfarin", "abstract": "x", "retracted": True}
    literature.add(put(tmp_path / "b.jsonl", json.dumps(row) + "\n"))
    assert {hit.document_id: hit.retracted for hit in literature.search("warfarin").hits} == {
        "PMCID:PMC123": True, "PMID:11": True,
    }  # fmt: skip
    assert all(document.retracted for document in literature.documents())
    del row["retracted"]
    literature.add(put(tmp_path / "c.jsonl", json.dumps({**row, "abstract": "y"}) + "\n"))
    assert literature.document("PMID:11").retracted and literature.info().retracted == 1
    literature.add(put(tmp_path / "d.xml", pubmed_xml(citation_xml(11, revised="2024-01-01"))))
    assert not literature.document("PMID:11").retracted


def test_evidence_from_a_retracted_article_says_so_and_weighs_nothing(tmp_path):
    settings = build(tmp_path)
    literature = Literature.open(settings.home / "literature", settings)
    rows = [
        {"id": name, "title": title, "abstract": text, "year": year, "retracted": name == "PMID:4"}
        for name, title, text, year in ARTICLES
    ]
    literature.add(put(tmp_path / "again.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    home = Resources.open(settings)
    found = home.toolbox("articles").call("search_articles", {"disease": DISEASE, "drug": METHO})
    texts = {finding.source_id: finding.text for finding in found.findings}
    assert texts["PMID:4"].startswith(RETRACTED) and sum(text.startswith(RETRACTED) for text in texts.values()) == 1
    derived = home.weigher().prepare()
    assert "PMID:4" not in derived.corpora[CORPORA[0]].documents


OLD = """
CREATE TABLE documents(
  key INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, corpus TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
  year INTEGER, mesh TEXT NOT NULL, phase TEXT, status TEXT, note INTEGER NOT NULL, sha BLOB NOT NULL);
CREATE TABLE passages(
  key INTEGER PRIMARY KEY, document INTEGER NOT NULL, section TEXT NOT NULL, number INTEGER NOT NULL,
  start INTEGER NOT NULL, end INTEGER NOT NULL, sha BLOB NOT NULL);
CREATE INDEX passages_of ON passages(document);
CREATE TABLE embedded(sha BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE manifest(name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def test_a_library_of_the_former_version_is_brought_up_to_date_and_stays_the_same(literature, tmp_path):
    rows = [{"id": f"PMID:{n}", "title": f"T{n}", "abstract": "timolol", "year": 2000 + n} for n in range(1, 9)]
    path = put(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    literature.add(path)
    before = [document.model_dump() for document in literature.documents()], literature.content_sha256
    database = literature.folder / "library.sqlite"
    new = sqlite3.connect(database)
    columns = "key, id, corpus, title, text, year, mesh, phase, status, note, sha"
    kept = {
        "documents": new.execute(f"SELECT {columns} FROM documents").fetchall(),
        "passages": new.execute("SELECT * FROM passages").fetchall(),
        "manifest": new.execute("SELECT * FROM manifest").fetchall(),
    }
    new.close()
    for file in literature.folder.glob("library.sqlite*"):
        file.unlink()
    old = sqlite3.connect(database)
    old.executescript(OLD)
    for table, held_rows in kept.items():
        old.executemany(f"INSERT INTO {table} VALUES({','.join('?' * len(held_rows[0]))})", held_rows)
    old.commit()
    old.close()
    again = opened(tmp_path, until="2004")
    assert len(again.search("timolol").hits) == 4
    whole = opened(tmp_path)
    assert ([document.model_dump() for document in whole.documents()], whole.content_sha256) == before
    assert whole.add(path).unchanged == 8


def test_a_library_of_a_newer_version_is_refused(literature, tmp_path):
    literature.add(put(tmp_path / "a.xml", pubmed_xml(citation_xml(1))))
    connection = sqlite3.connect(literature.folder / "library.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DamagedData, match="newer"):
        Library(literature.folder).count("retracted")


def test_how_a_file_is_read_is_part_of_what_was_added(literature, tmp_path):
    path = put(tmp_path / "a.xml", pubmed_xml(citation_xml(1), citation_xml(2, abstract="")))
    literature.add(path)
    (report,) = literature.add_all([path], Reading(clean=False))
    assert (report.skipped, report.added, report.unchanged) == (False, 1, 1)
