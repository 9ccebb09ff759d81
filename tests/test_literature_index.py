"""The literature index: what goes in comes out whole, once, and stays so whatever is killed."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

import pytest

from kedrec.agents.answer_html.citations import source_address
from kedrec.config import Settings
from kedrec.errors import Busy, InputError, UserError
from kedrec.locks import writing
from kedrec.records import Document
from kedrec.tools.library.chunks import LONGEST_WHOLE, WORDS, cut, section_text, spans
from kedrec.tools.literature import Literature
from kedrec.tools.sources import normal_phase, normal_status, read_documents

DRUGS = ("baricitinib", "sulfasalazine", "metformin", "warfarin", "lamotrigine", "timolol", "imatinib", "lithium")
DISEASES = (
    "alopecia areata",
    "colitis",
    "diabetes",
    "atrial fibrillation",
    "epilepsy",
    "glaucoma",
    "leukemia",
    "mania",
)


def article(number, drug, disease, **more):
    text = f"We studied {drug} in patients with {disease}. Outcome {number} improved in most of them."
    return {"id": f"PMID:{number}", "title": f"{drug} for {disease}", "abstract": text, **more}


def trial(number, drug, disease, **more):
    return {"id": f"NCT{number:08d}", "text": f"A trial of {drug} in {disease}, arm {number}.", **more}


def rows_of(make, count, first=1):
    return [make(first + i, DRUGS[i % 8], DISEASES[i // 8 % 8]) for i in range(count)]


def write(path, rows):
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.fixture
def literature(tmp_path):
    return Literature.open(tmp_path / "literature", Settings(embed="never"))


def snapshot(literature):
    return [document.model_dump() for document in literature.documents()], literature.content_sha256


def ids(result):
    return [hit.document_id for hit in result.hits]


def test_adding_the_same_file_again_adds_nothing(literature, tmp_path):
    path = write(tmp_path / "a.jsonl.gz", rows_of(article, 40))
    first, before = literature.add(path), None
    before, passages = snapshot(literature), literature.info().passages
    again = literature.add(path)
    assert (first.added, again.added, again.replaced, again.unchanged) == (40, 0, 0, 40)
    assert snapshot(literature) == before
    assert literature.info().passages == passages


def test_a_changed_record_takes_the_place_of_the_old_one(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl", rows_of(article, 3)))
    changed = {**article(2, "sulfasalazine", "colitis"), "abstract": "Nothing but zebrafish."}
    report = literature.add(write(tmp_path / "b.jsonl", [changed]))
    assert (report.added, report.replaced) == (0, 1)
    assert ids(literature.search("zebrafish")) == ["PMID:2"]
    assert "PMID:2" not in ids(literature.search("outcome improved"))
    assert literature.info().documents["pubmed"] == 3


def test_the_last_of_several_with_one_id_wins_and_is_counted_once(literature, tmp_path):
    twice = [article(1, "timolol", "mania"), article(1, "timolol", "mania"), article(1, "lithium", "mania")]
    literature.add(write(tmp_path / "a.jsonl", twice))
    assert [document.title for document in literature.documents()] == ["lithium for mania"]
    assert ids(literature.search("timolol")) == []


def test_the_content_hash_does_not_depend_on_the_order(tmp_path):
    rows = rows_of(article, 12)
    hashes = set()
    for name, order in (("one", rows), ("two", rows[::-1])):
        literature = Literature.open(tmp_path / name, Settings(embed="never"))
        literature.add(write(tmp_path / f"{name}.jsonl", order))
        hashes.add(literature.content_sha256)
    assert len(hashes) == 1


GOOD = json.dumps(article(1, "timolol", "mania")).encode() + b"\n"
BAD = {
    "no_json.jsonl": (GOOD + b"{nonsense\n", 2),
    "a_list.jsonl": (GOOD + b"[1, 2]\n", 2),
    "no_id.jsonl": (GOOD + b'{"title": "x", "abstract": "y"}\n', 2),
    "bad_id.jsonl": (GOOD + b'{"id": "PMID:12x", "title": "x", "abstract": "y"}\n', 2),
    "short_nct.jsonl": (GOOD + b'{"id": "NCT123", "text": "y"}\n', 2),
    "number_id.jsonl": (GOOD + b'{"id": 17, "title": "x", "abstract": "y"}\n', 2),
    "no_abstract.jsonl": (GOOD + b'{"id": "PMID:2", "title": "x"}\n', 2),
    "no_text.jsonl": (GOOD + b'{"id": "NCT00000001", "title": "x"}\n', 2),
    "blank.jsonl": (GOOD + b'{"id": "NCT00000001", "text": "  "}\n', 2),
    "abstract_list.jsonl": (GOOD + b'{"id": "PMID:2", "title": "x", "abstract": []}\n', 2),
    "bad_note.jsonl": (GOOD + b'{"id": "NCT00000001", "text": "y", "note": "yes"}\n', 2),
    "latin1.jsonl": (GOOD + '{"id": "PMID:2", "title": "é", "abstract": "y"}\n'.encode("latin-1"), 2),
    "deep.jsonl": (GOOD + b"[" * 200_000 + b"\n", 2),
    "cut.jsonl.gz": (gzip.compress(GOOD * 5000)[:-20], None),
    "not_gz.jsonl.gz": (GOOD, None),
    "empty.jsonl": (b"", None),
    "page.jsonl": (b"<html><body>404</body></html>", 1),
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_file_is_refused_with_its_line_and_changes_nothing(literature, tmp_path, name):
    literature.add(write(tmp_path / "good.jsonl", rows_of(article, 5, first=100)))
    before = snapshot(literature), literature.search("metformin").model_dump()
    body, line = BAD[name]
    (tmp_path / name).write_bytes(body)
    with pytest.raises(InputError) as caught:
        literature.add(tmp_path / name)
    assert caught.value.line == line or line is None
    assert name in str(caught.value)
    assert (snapshot(literature), literature.search("metformin").model_dump()) == before


def test_a_missing_file_is_the_users_mistake(literature, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        literature.add(tmp_path / "nowhere.jsonl")
    assert snapshot(literature) == ([], "")


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("PHASE2", "2"), ("phase 1/phase 2", "1/2"), ("PHASE1, PHASE2", "1/2"), (["PHASE2", "PHASE3"], "2/3"),
        ("NA", None), ("N/A", None), (None, None), ("Not Applicable", None), ("EARLY_PHASE1", "1"),
        ("Phase II/III", "2/3"), ("4", "4"), ("Phase 2a", "2"), ("IIb", "2"), ("IIIA", "3"), ("Phase 1b/2a", "1/2"),
        ("I-II", "1/2"), ("Phase II | III", "2/3"), ("0(exploratory trials)", "1"), ("IV (Phase IV study)", "4"),
        ("Phase 3 extension", "3"), ("Phase: 2", "2"), (2.0, "2"), ("Not Specified", None), ("n\\a", None),
        ("Human pharmacology (Phase I): no\nTherapeutic exploratory (Phase II): yes", "2"),
    ],
)  # fmt: skip
def test_phases_come_in_one_spelling(given, normal):
    assert normal_phase(given) == normal


@pytest.mark.parametrize("given", ["Other", "Pilot study", "PHASE9", "Study 12", ["x"], "Post-market"])
def test_what_is_no_phase_is_refused_where_one_is_asked_for(given):
    with pytest.raises(ValueError, match="not understood"):
        normal_phase(given)


def test_documents_without_a_field_that_is_not_understood_are_counted_and_told(literature, tmp_path):
    rows = [trial(n, "timolol", "mania", phase=phase) for n, phase in enumerate(("IIb", "Other", "Pilot"), 1)]
    report = literature.add(write(tmp_path / "a.jsonl", rows))
    assert (report.added, report.rejected, report.dropped) == (3, 0, {"phase": 2})
    assert "2 records were kept without a phase" in report.notes[0] and "'Other' of NCT00000002" in report.notes[0]


def test_an_article_goes_by_its_doi_whatever_its_case(literature, tmp_path):
    row = {**article(1, "timolol", "mania", abstract=long_text(40)), "id": "DOI:10.1000/ABC.(1)/x"}
    literature.add(write(tmp_path / "a.jsonl", [row]))
    again = literature.add(write(tmp_path / "b.jsonl", [{**row, "id": "doi:10.1000/abc.(1)/X"}]))
    assert again.unchanged == 1
    passage = literature.search("sentence").hits[0]
    assert passage.document_id == "DOI:10.1000/abc.(1)/x" and passage.id.startswith("DOI:10.1000/abc.(1)/x#abstract-")
    assert source_address(passage.id) == "https://doi.org/10.1000/abc.(1)/x"
    assert source_address("DOI:10.1000/a%231<2>#text-1") == "https://doi.org/10.1000/a%231%3C2%3E"


def test_status_comes_in_one_spelling():
    assert normal_status("ACTIVE_NOT_RECRUITING") == normal_status("active, not recruiting") == "active not recruiting"
    assert normal_status("UNKNOWN") == normal_status("unknown status") == "unknown"
    assert normal_status(None) is None


def test_a_year_may_be_a_string_and_a_note_stays_a_note(tmp_path):
    path = write(tmp_path / "a.jsonl", [article(1, "timolol", "mania", year="2021", note=True, mesh=["Humans"])])
    (document,) = read_documents(path)
    assert (document.year, document.note, document.mesh, document.corpus) == (2021, True, ("Humans",), "pubmed")


def long_text(sentences, words=20):
    return " ".join(f"Sentence {n} " + "word " * (words - 3) + f"end{n}." for n in range(sentences))


@pytest.mark.parametrize(
    "text",
    ["", "   ", "One.", long_text(14), long_text(40), "word " * 900, "a\n\nb\n" * 400, " x. Y " * 301, "é😀 " * 700],
)
def test_every_passage_is_a_literal_stretch_and_no_word_is_lost(text):
    pieces = cut(text)
    assert all(0 <= start < end <= len(text) for start, end in pieces)
    assert all(one[1] <= other[0] for one, other in pairwise(pieces))
    assert [word for start, end in pieces for word in text[start:end].split()] == text.split()
    assert all(len(text[start:end].split()) <= (WORDS if len(pieces) > 1 else LONGEST_WHOLE) for start, end in pieces)


def test_a_long_text_is_cut_between_sentences():
    text = long_text(40)
    pieces = [text[start:end] for start, end in cut(text)]
    assert len(pieces) == 4
    assert all(piece.startswith("Sentence") and re.search(r"end\d+\.$", piece) for piece in pieces)


def test_passages_read_back_are_the_documents_own_text(literature, tmp_path):
    rows = [
        article(1, "timolol", "mania", abstract=long_text(40)),
        trial(1, "timolol", "mania"),
        {"id": "PMID:2", "title": "Only a title", "abstract": ""},
    ]
    literature.add(write(tmp_path / "a.jsonl", rows))
    for document in literature.documents():
        passages = literature.passages(document.id)
        assert len(passages) == len(spans(document))
        for passage in passages:
            source = section_text(document.title, document.text, passage.section)
            assert source[passage.start : passage.end] == passage.text
    assert [passage.id for passage in literature.passages("PMID:1")] == [f"PMID:1#abstract-{n}" for n in (1, 2, 3, 4)]
    assert [passage.id for passage in literature.passages("PMID:2")] == ["PMID:2"]
    assert literature.passages("PMID:99") == [] and literature.document("PMID:99") is None


def test_a_document_reads_back_as_it_was(literature, tmp_path):
    row = trial(7, "timolol", "mania", phase="PHASE1, PHASE2", status="TERMINATED", title="A title")
    literature.add(write(tmp_path / "a.jsonl", [row]))
    want = Document(
        id="NCT00000007", corpus="trials", title="A title", text=row["text"], phase="1/2", status="terminated"
    )
    assert literature.document("NCT00000007") == want == next(literature.documents("trials"))


def test_bm25_alone_answers_and_says_so(literature, tmp_path):
    report = literature.add(write(tmp_path / "a.jsonl", rows_of(article, 64)))
    result = literature.search("lamotrigine epilepsy")
    assert result.hits[0].title == "lamotrigine for epilepsy"
    assert result.stages == ("bm25",)
    assert "BM25 alone" in result.notes[0] and "literature embed" in result.notes[0]
    assert report.to_embed == 64 and report.notes


def test_articles_and_trials_are_found_apart(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl", rows_of(article, 8) + rows_of(trial, 8)))
    articles, trials = (ids(literature.search("metformin", corpus)) for corpus in ("articles", "trials"))
    assert articles == ["PMID:3"] and trials == ["NCT00000003"]
    assert sorted(ids(literature.search("metformin"))) == ["NCT00000003", "PMID:3"]
    with pytest.raises(UserError, match="unknown corpus"):
        literature.search("metformin", "pubmed")


def test_a_document_comes_once_among_the_hits(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl", [article(1, "timolol", "mania", abstract=long_text(40))]))
    assert ids(literature.search("sentence word")) == ["PMID:1"]


def test_required_names_are_all_in_every_hit(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl", rows_of(article, 64)))
    both = literature.search("improved outcome", require_all_of=[["Baricitinib", "olumiant"], ["mania", "bipolar"]])
    assert [hit.title for hit in both.hits] == ["baricitinib for mania"]
    assert not literature.search("improved", require_all_of=[["aspirin"]]).hits


def test_words_that_stand_together_count_for_more(literature, tmp_path):
    apart = article(1, "x", "y", abstract="Sodium was low. Valproate was given later, fluoride never.")
    near = article(2, "x", "y", abstract="Valproate later. Sodium fluoride was never given, low was.")
    literature.add(write(tmp_path / "a.jsonl", [apart, near]))
    assert ids(literature.search("sodium fluoride"))[0] == "PMID:2"


@pytest.mark.parametrize("query", ["", "   ", "???", "the of and", "qwertyuiop"])
def test_a_query_without_known_words_finds_nothing_and_says_why(literature, tmp_path, query):
    literature.add(write(tmp_path / "a.jsonl", rows_of(article, 4)))
    result = literature.search(query)
    assert result.hits == () and result.notes


def test_an_empty_library_answers_and_says_what_to_do(literature):
    result = literature.search("anything")
    assert result.hits == () and "literature add" in result.notes[0]
    assert literature.info().documents == {"pubmed": 0, "pmc": 0, "trials": 0}
    assert not literature.folder.exists()


def test_two_homes_never_touch_each_other(tmp_path):
    one, two = (Literature.open(tmp_path / name, Settings(embed="never")) for name in ("one", "two"))
    one.add(write(tmp_path / "a.jsonl", rows_of(article, 4)))
    two.add(write(tmp_path / "b.jsonl", rows_of(article, 4, first=50)))
    assert {d.id for d in one.documents()}.isdisjoint({d.id for d in two.documents()})
    assert ids(one.search("metformin")) == ["PMID:3"] and ids(two.search("metformin")) == ["PMID:52"]


def test_a_second_writer_is_refused(literature, tmp_path):
    path = write(tmp_path / "a.jsonl", rows_of(article, 4))
    with writing(literature.folder), pytest.raises(Busy, match="another process"):
        literature.add(path)
    assert literature.add(path).added == 4


ADD = """
import sys
from pathlib import Path
from kedrec.agents.answer_html.citations import source_address
from kedrec.config import Settings
from kedrec.tools.literature import Literature
literature = Literature.open(Path(sys.argv[1]), Settings(embed="never"))
literature.add(Path(sys.argv[2]), on_progress=lambda *a: print(*a, flush=True))
"""


def adding(folder, path):
    command = [sys.executable, "-c", ADD, str(folder), str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("moment", ["reading", "indexing"])
def test_a_killed_add_leaves_the_library_as_it_was_and_the_next_one_finishes(literature, tmp_path, moment):
    literature.add(write(tmp_path / "a.jsonl", rows_of(article, 8)))
    before = snapshot(literature), ids(literature.search("metformin"))
    big = write(tmp_path / "b.jsonl", rows_of(article, 8000, first=1000))
    child = adding(literature.folder, big)
    for line in child.stdout:
        if line.startswith(moment):
            os.kill(child.pid, signal.SIGKILL)
            break
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    fresh = Literature.open(literature.folder, Settings(embed="never"))
    assert (snapshot(fresh), ids(fresh.search("metformin"))) == before
    assert fresh.add(big).added == 8000
    assert fresh.info().documents["pubmed"] == 8008
    assert len({document.id for document in fresh.documents()}) == 8008


def test_a_reader_works_while_a_writer_runs_and_then_sees_what_came(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl", rows_of(article, 8)))
    child = adding(literature.folder, write(tmp_path / "b.jsonl", rows_of(article, 6000, first=1000)))
    seen = Counter()
    while child.poll() is None:
        seen[len(ids(literature.search("metformin", limit=80))), sum(1 for _ in literature.documents())] += 1
        time.sleep(0.01)
    child.stdout.close()
    assert child.returncode == 0
    assert {found for found, _ in seen} <= {1, 80} and {count for _, count in seen} <= {8, 6008}
    assert seen[1, 8] > 0
    assert len(ids(literature.search("metformin", limit=80))) == 80
    assert sum(1 for _ in literature.documents()) == 6008


def test_what_a_kill_left_behind_is_swept_away(literature, tmp_path):
    literature.add(write(tmp_path / "a.jsonl", rows_of(article, 8)))
    (literature.folder / "lexical" / "articles-stale").mkdir()
    (literature.folder / "lexical" / ".articles-draft.1").mkdir()
    literature.add(write(tmp_path / "b.jsonl", rows_of(article, 2, first=50)))
    assert len(list((literature.folder / "lexical").iterdir())) == 1


def test_half_a_character_in_a_file_becomes_a_replacement_character(literature, tmp_path):
    (tmp_path / "half.jsonl").write_bytes(b'{"id": "PMID:2", "title": "t \\ud800", "abstract": "metformin y"}\n')
    literature.add(tmp_path / "half.jsonl")
    assert "t �" in str(literature.search("metformin").model_dump())
