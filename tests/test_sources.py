"""Files as their publishers distribute them: every sound record read, every other named, nothing else believed."""

import bz2
import gzip
import io
import json
import lzma
import random
import re
import tarfile
import tracemalloc
import zipfile

import pytest
from literature_files import CITATION, STUDY, STUDY_XML, article_xml, citation_xml, pubmed_xml, write_tar

from kedrec.errors import InputError
from kedrec.records import Document, Section
from kedrec.tools.library.chunks import LONGEST_WHOLE, spans
from kedrec.tools.sources import Deleted, Dropped, LeftOut, Reading, Rejected, dates, jats, read, read_documents


def items(path, how=None):
    return [item for found in read(path, how) for item in found.items]


def put(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_a_citation_is_read_with_labels_headings_types_and_date(tmp_path):
    (found,) = items(put(tmp_path / "a.xml", pubmed_xml(CITATION)))
    assert found == Document(
        id="PMID:11748933",
        corpus="pubmed",
        title="Timolol in CO2 & asthma: a β-blocker",
        text="BACKGROUND: Timolol was given.\nRESULTS: It helped < 5 %.",
        year=2001,
        mesh=("Timolol", "Asthma"),
        date="2001-05-17",
        types=("Journal Article", "Randomized Controlled Trial"),
        edition="001 2006-11-15",
    )


@pytest.mark.parametrize(
    ("published", "year", "date"),
    [
        ("<Year>1998</Year><Month>Dec</Month><Day>31</Day>", 1998, "1998-12-31"),
        ("<Year>1998</Year><Month>02</Month><Day>30</Day>", 1998, "1998-02"),
        ("<Year>1998</Year><Season>Spring</Season>", 1998, "1998"),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", 1998, "1999-01"),
        ("<MedlineDate>2000 Spring</MedlineDate>", 2000, "2000"),
        ("<MedlineDate>1976-1977</MedlineDate>", 1976, "1977"),
        ("<MedlineDate>1999 Jan-Feb</MedlineDate>", 1999, "1999-02"),
        ("<MedlineDate>sometime</MedlineDate>", None, None),
        ("", None, None),
    ],
)
def test_every_way_of_dating_an_issue_is_understood(tmp_path, published, year, date):
    (found,) = items(put(tmp_path / "a.xml", pubmed_xml(citation_xml(1, published=published))))
    assert (found.year, found.date) == (year, date)


def test_the_last_day_of_a_date_is_that_of_its_month_or_year():
    assert [dates.last_day(date) for date in ("2015", "2016-02", "2015-02", "2015-06-03")] == [
        "2015-12-31",
        "2016-02-29",
        "2015-02-28",
        "2015-06-03",
    ]
    assert dates.as_written("March 14, 2014") == "2014-03-14" and dates.as_written("March 2014") == "2014-03"
    assert dates.as_written("soon") is None


def test_retractions_deletions_and_incomplete_citations_are_told_apart(tmp_path):
    typed = citation_xml(1, types=["Journal Article", "Retracted Publication"])
    noticed = citation_xml(
        2, more='<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><PMID>9</PMID>'
        "</CommentsCorrections></CommentsCorrectionsList>"
    )  # fmt: skip
    notice = citation_xml(
        3, more='<CommentsCorrectionsList><CommentsCorrections RefType="RetractionOf"><PMID>1</PMID>'
        "</CommentsCorrections></CommentsCorrectionsList>"
    )  # fmt: skip
    gone = "<DeleteCitation><PMID Version='1'>7</PMID><PMID Version='1'>8</PMID></DeleteCitation>"
    path = put(
        tmp_path / "a.xml",
        pubmed_xml(typed, noticed, notice, citation_xml(4, title=""), citation_xml(5, abstract=""), gone),
    )
    found = items(path)
    assert [item.retracted for item in found[:3]] == [True, True, False]
    assert found[3:] == [LeftOut("PMID:4", "no title"), LeftOut("PMID:5", "no abstract"), Deleted("PMID:7"),
                         Deleted("PMID:8")]  # fmt: skip
    kept = [item.id for item in items(path, Reading(clean=False)) if isinstance(item, Document)]
    assert kept == ["PMID:1", "PMID:2", "PMID:3", "PMID:4", "PMID:5"]


def test_citations_of_the_former_set_and_books_are_read(tmp_path):
    former = "<MedlineCitationSet>" + CITATION.replace("<PubmedArticle>", "").partition("<PubmedData>")[0]
    assert items(put(tmp_path / "a.xml", former + "</MedlineCitationSet>"))[0].id == "PMID:11748933"
    book = (
        "<PubmedBookArticle><BookDocument><PMID Version='1'>20301295</PMID><Book><BookTitle>GeneReviews</BookTitle>"
        "<PubDate><Year>1993</Year></PubDate></Book><ArticleTitle>Wilson Disease</ArticleTitle><Abstract>"
        "<AbstractText>Copper.</AbstractText></Abstract><PublicationType>Review</PublicationType></BookDocument>"
        "</PubmedBookArticle>"
    )
    (found,) = items(put(tmp_path / "b.xml", pubmed_xml(book)))
    assert (found.title, found.year, found.types) == ("Wilson Disease", 1993, ("Review",))


def test_a_malformed_record_costs_only_itself_and_is_named(tmp_path):
    bad = [
        citation_xml(2).replace("</AbstractText>", "</Abstract>"),
        citation_xml(3).replace("Helped", "&custom; helped"),
        "<PubmedArticle><MedlineCitation><Article/></MedlineCitation></PubmedArticle>",
        "<PubmedArticle/>",
    ]
    found = items(put(tmp_path / "a.xml", pubmed_xml(citation_xml(1), *bad, citation_xml(6))))
    assert [item.id for item in found if isinstance(item, Document)] == ["PMID:1", "PMID:6"]
    rejected = [item for item in found if isinstance(item, Rejected)]
    assert [(item.place, item.id) for item in rejected] == [
        ("record 2", "PMID:2"), ("record 3", "PMID:3"), ("record 4", ""), ("record 5", ""),
    ]  # fmt: skip
    assert "not well-formed" in rejected[0].reason and "PMID" in rejected[2].reason
    with pytest.raises(InputError, match="record 2"):
        items(tmp_path / "a.xml", Reading(lenient=False))


def test_bytes_that_are_no_utf8_cost_only_their_record(tmp_path):
    text = pubmed_xml(citation_xml(1), citation_xml(2), citation_xml(3)).encode()
    spoilt = text.replace(b'<PMID Version="1">2</PMID>', b'<PMID Version="1">2</PMID>\xff\xfe')
    found = items(put(tmp_path / "a.xml", spoilt))
    assert [type(item).__name__ for item in found] == ["Document", "Rejected", "Document"]


BOMB = (
    '<!DOCTYPE PubmedArticleSet [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY file SYSTEM "file:///etc/passwd"> <!ENTITY % dtd SYSTEM "http://127.0.0.1:9/evil.dtd"> %dtd;]>'
)


@pytest.mark.parametrize("entity", ["&b;", "&file;"])
def test_no_entity_of_a_file_is_ever_expanded_or_fetched(tmp_path, entity):
    evil = citation_xml(1, abstract=f"Text {entity}")
    path = put(tmp_path / "a.xml", BOMB + pubmed_xml(evil, citation_xml(2)))
    found = items(path)
    assert isinstance(found[0], Rejected) and "entity" in found[0].reason
    assert found[1].id == "PMID:2"


def test_the_entities_of_html_are_known(tmp_path):
    (found,) = items(put(tmp_path / "a.xml", pubmed_xml(citation_xml(1, title="5&nbsp;&micro;g &amp; more &#946;"))))
    assert found.title == "5 µg & more β"


@pytest.mark.parametrize("cut", [1, 30, 400])
def test_a_file_that_ends_too_early_is_refused(tmp_path, cut):
    text = pubmed_xml(*map(citation_xml, range(1, 4))).rstrip()
    with pytest.raises(InputError, match="cut off"):
        items(put(tmp_path / "a.xml", text[:-cut]))


def test_a_full_text_has_sections_and_neither_tables_nor_references(tmp_path):
    (found,) = items(put(tmp_path / "a.nxml", article_xml()))
    assert found.text == (
        "Objective\nTo see.\n\nWarfarin works.\n\nMethods were used. Items:\none\ntwo\nPatients\nTen were asked.\n\n"
        "Done, as others did.\n\nThat is all."
    )
    assert [(section.name, found.text[section.start :][:6]) for section in found.sections] == [
        ("abstract", "Object"), ("text", "Warfar"), ("methods", "Method"), ("results", "Done, "), ("results", "That i"),
    ]  # fmt: skip
    assert (found.id, found.twin, found.date, found.year) == ("PMCID:PMC123", "PMID:11", "2014-03-02", 2014)
    assert found.title == "Warfarin in vivo" and found.types == ("research article",) and not found.retracted


@pytest.mark.parametrize(
    ("changed", "retracted"),
    [
        (("Warfarin <italic>", "RETRACTED: Warfarin <italic>"), True),
        (('article-type="research-article"', 'article-type="retracted-article"'), True),
        (('article-type="research-article"', 'article-type="retraction"'), False),
        (("Warfarin <italic>", "Retracted skin and warfarin <italic>"), False),
    ],
)
def test_a_full_text_that_says_it_was_retracted_is_taken_at_its_word(tmp_path, changed, retracted):
    (found,) = items(put(tmp_path / "a.nxml", article_xml().replace(*changed)))
    assert found.retracted is retracted


def test_passages_of_a_long_text_keep_to_its_sections_and_have_ids_of_their_own():
    words = "One two three four five six seven eight nine ten. "
    texts = [words * count for count in (3, 70, 40)]
    starts = [0, len(texts[0]), len(texts[0]) + len(texts[1])]
    sections = tuple(
        Section(name=name, start=start) for name, start in zip(("abstract", "methods", "methods"), starts, strict=True)
    )
    document = Document(id="PMCID:PMC1", corpus="pmc", title="T", text="".join(texts), sections=sections)
    found = spans(document)
    assert len({(span.section, span.number) for span in found}) == len(found) > 4
    assert [span.number for span in found if span.section == "methods"] == list(range(1, len(found)))
    for span in found:
        section = max(start for start in starts if start <= span.start)
        assert span.end <= min([start for start in starts if start > section], default=len(document.text))
        assert len(document.text[span.start : span.end].split()) <= LONGEST_WHOLE


def test_json_and_xml_of_one_trial_say_the_same(tmp_path):
    (new,) = items(put(tmp_path / "a.json", json.dumps(STUDY)))
    (old,) = items(put(tmp_path / "a.xml", STUDY_XML))
    assert new == old
    assert (new.phase, new.status, new.year, new.date) == ("2/3", "terminated", 2014, "2018-05-04")
    assert [section.name for section in new.sections] == ["summary", "design", "outcomes", "results", "status"]
    for said in (
        "Conditions: Asthma; Cough.", "Interventions: Drug: Timolol (Blocadren).", "Arm A (experimental): Twice daily",
        "Primary outcome: FEV1 (week 12).", "Primary result: FEV1 (week 12) [mean litres]: A 2.5 ± 0.4; B 2.1 ± 0.5.",
        "Mean difference 0.4 (95 % CI 0.1 to 0.7), p = 0.02 (ANCOVA).",
        "Harms: A 3 of 50 with serious adverse events; B 1 of 49 with serious adverse events.",
        "Status: terminated. Why stopped: slow accrual. Started: 2014-03. Completed: 2016-01-02.",
    ):  # fmt: skip
        assert said in new.text
    assert new.mesh == ("Asthma", "Timolol") and new.types == ("interventional",)


def study(number, **changes):
    made = json.loads(json.dumps(STUDY))
    made["protocolSection"]["identificationModule"]["nctId"] = f"NCT{number:08d}"
    made["protocolSection"].update(changes)
    return made


@pytest.mark.parametrize(
    "form",
    [
        json.dumps,
        lambda studies: json.dumps({"studies": studies, "nextPageToken": "x"}, indent=2),
        lambda studies: json.dumps({"totalCount": 40, "nextPageToken": "x", "studies": studies}),
        lambda studies: "\n".join(map(json.dumps, studies)),
        lambda studies: "\ufeff" + json.dumps(studies),
    ],
)
def test_studies_come_alone_in_lists_pages_or_lines(tmp_path, form):
    path = put(tmp_path / "a.json", form([study(number) for number in range(1, 41)]))
    assert [document.id for document in read_documents(path)] == [f"NCT{number:08d}" for number in range(1, 41)]
    cut = put(tmp_path / "b.json", path.read_bytes().rstrip()[:-1])
    with pytest.raises(InputError, match=r"cut off|not valid JSON"):
        items(cut)


def test_a_study_of_another_shape_costs_only_itself(tmp_path):
    bad = [
        study(2, identificationModule="x"), study(3, statusModule=[1]), {"protocolSection": 4},
        study(5, descriptionModule={}), study(6, identificationModule={"nctId": "NCT1"}), [1],
        study(7, armsInterventionsModule={"interventions": ["x"]}), 17,
    ]  # fmt: skip
    found = items(put(tmp_path / "a.json", json.dumps([study(1), *bad, study(9)])))
    assert [item.id for item in found if isinstance(item, Document)] == ["NCT00000001", "NCT00000009"]
    assert [type(item).__name__ for item in found].count("Rejected") == 7
    assert LeftOut("NCT00000005", "no abstract") in found


def test_a_phase_that_is_not_understood_costs_a_trial_only_its_phase(tmp_path):
    found = items(put(tmp_path / "a.json", json.dumps([study(1, designModule={"phases": ["PHASE9"]}), study(2)])))
    assert [(item.id, item.phase) for item in found if isinstance(item, Document)] == [
        ("NCT00000001", None), ("NCT00000002", "2/3"),
    ]  # fmt: skip
    assert [item for item in found if isinstance(item, Dropped)] == [Dropped("NCT00000001", "phase", "('PHASE9',)")]
    (old, dropped) = items(put(tmp_path / "a.xml", STUDY_XML.replace("Phase 2/Phase 3", "Later")))
    assert (old.phase, dropped.value) == (None, "('Later',)")


def named(**ids):
    """A full text with these ids alone."""
    listed = "".join(f'<article-id pub-id-type="{kind}">{value}</article-id>' for kind, value in ids.items())
    first, rest = article_xml().split("<article-id", 1)
    return first + listed + rest[rest.index("<title-group>") :]


@pytest.mark.parametrize(
    ("ids", "name", "twin"),
    [
        ({"doi": "10.9999/Journal.X", "publisher-id": "X1"}, "DOI:10.9999/journal.x", None),
        ({"doi": "https://doi.org/10.1002/(SICI)1097#1|2<1::AID>3;2-2".replace("<", "&lt;").replace(">", "&gt;")},
         "DOI:10.1002/(sici)1097%231%7c2<1::aid>3;2-2", None),
        ({"doi": "10.9999/x", "pmid": "5"}, "DOI:10.9999/x", "PMID:5"),
        ({"doi": "10.9999/x", "pmcid": "PMC7", "pmid": "5"}, "PMCID:PMC7", "PMID:5"),
        ({"pmid": "5"}, "PMID:5", None),
    ],
)  # fmt: skip
def test_a_full_text_goes_by_the_best_id_it_has(tmp_path, ids, name, twin):
    (found,) = items(put(tmp_path / "a.xml", named(**ids)))
    assert (found.id.replace("%7C", "%7c"), found.corpus, found.twin) == (name, "pmc", twin)
    assert jats.identifier(named(**ids).encode()) in (found.id, "")


def test_a_full_text_without_any_id_says_so(tmp_path):
    (found,) = items(put(tmp_path / "a.xml", named(**{"publisher-id": "X1"})))
    assert isinstance(found, Rejected) and "PMC id nor a DOI nor a PMID" in found.reason


def test_articles_in_europe_pmcs_wrapper_are_read_though_prefixes_are_declared_outside_them(tmp_path):
    whole = [article_xml(number).partition("<article ")[2] for number in ("1", "2")]
    bare = [f"<article {text.replace('xmlns:', 'data-')}" for text in whole]
    marked = bare[0].replace("<p>Ten were", "<p><mml:math><mml:mn>7</mml:mn></mml:math> at <a xlink:href='x'/>Ten were")
    declared = '<articles xmlns:mml="http://www.w3.org/1998/Math/MathML" xmlns:xlink="x">'
    found = items(put(tmp_path / "a.xml", f"{declared}{marked}{bare[1]}</articles>"))
    assert [item.id for item in found] == ["PMCID:PMC1", "PMCID:PMC2"] and "7 at Ten were" in found[0].text


@pytest.mark.parametrize("english", ["", "<ArticleTitle/>", "<ArticleTitle>[Not Available].</ArticleTitle>"])
def test_a_citation_without_an_english_title_has_that_of_its_own_language(tmp_path, english):
    xml = re.sub("<ArticleTitle>.*</ArticleTitle>", english, citation_xml(1))
    xml = xml.replace("</Article>", "<VernacularTitle>Über 10<sup>9</sup> Zellen</VernacularTitle></Article>")
    (found,) = items(put(tmp_path / "a.xml", pubmed_xml(xml)))
    assert found.title == "Über 10^9 Zellen" and found.text == "Helped."


def test_an_article_without_an_english_title_has_its_translation(tmp_path):
    xml = re.sub("(?s)<article-title>.*</article-title>", "<article-title/><trans-title-group><trans-title>Zellen"
                 "</trans-title></trans-title-group>", article_xml())  # fmt: skip
    assert items(put(tmp_path / "a.xml", xml))[0].title == "Zellen"


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("year", "soon", None), ("year", True, None), ("year", "2001 or 2002", None), ("year", "May 2021", 2021),
        ("year", 2021.0, 2021), ("date", "long ago", None), ("mesh", [1, "Humans"], ()), ("mesh", {"a": 1}, ()),
        ("mesh", "Humans; Adult", ("Humans", "Adult")), ("types", 7, ()), ("types", None, ()),
        ("phase", "Pilot study", None), ("phase", {"a": 1}, None), ("status", 5, None), ("status", ["x"], None),
    ],
)  # fmt: skip
def test_a_field_that_is_not_understood_costs_only_itself(tmp_path, field, value, kept):
    row = {"id": "NCT00000001", "text": "Timolol.", field: value}
    document, *dropped = items(put(tmp_path / "a.jsonl", json.dumps(row)))
    assert (document.text, getattr(document, field)) == ("Timolol.", kept)
    understood = kept not in (None, ()) or value is None
    assert [(item.id, item.field) for item in dropped] == ([] if understood else [("NCT00000001", field)])


FILES = {
    "one.xml": pubmed_xml(citation_xml(1), citation_xml(2)).encode(),
    "sub/two.nxml": article_xml().encode(),
    "sub/three.json": json.dumps(STUDY).encode(),
    "four.xml.gz": gzip.compress(STUDY_XML.replace("NCT00000042", "NCT00000043").encode()),
    "five.jsonl": b'{"id": "PMID:5", "title": "T", "abstract": "A", "date": "2015-06", "retracted": true}\n',
    "README.txt": b"nothing to see",
    "._one.xml": b"\0\1\2",
}
HELD = {"PMID:1", "PMID:2", "PMCID:PMC123", "NCT00000042", "NCT00000043", "PMID:5"}


def tarred(files=FILES):
    buffer = io.BytesIO()
    write_tar(buffer, files)
    return buffer.getvalue()


def zipped(files=FILES):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


ARCHIVES = {
    "a.tar": tarred(), "a.tar.gz": gzip.compress(tarred()), "a.tar.xz": lzma.compress(tarred()),
    "a.tar.bz2": bz2.compress(tarred()), "a.zip": zipped(),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_of_any_packing_are_read_in_place(tmp_path, name):
    path = put(tmp_path / name, ARCHIVES[name])
    assert {document.id for document in read_documents(path)} == HELD
    assert {file.name for file in tmp_path.iterdir()} == {name}


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_broken_archive_is_refused(tmp_path, name, share):
    data = ARCHIVES[name]
    whole = len(tarred().rstrip(b"\0")) if name == "a.tar" else len(data)
    with pytest.raises(InputError, match="cut off"):
        items(put(tmp_path / name, data[: int(whole * share)]))


def test_a_tar_that_is_cut_between_members_is_refused(tmp_path):
    data = tarred()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        third = archive.getmembers()[2].offset
    with pytest.raises(InputError, match="end mark"):
        items(put(tmp_path / "a.tar", data[:third]))


def test_a_damaged_byte_in_an_archive_is_noticed(tmp_path):
    data = bytearray(gzip.compress(tarred()))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(InputError, match=r"a\.tar\.gz"):
        items(put(tmp_path / "a.tar.gz", bytes(data)))


def test_members_of_no_known_form_are_named_and_an_archive_without_any_is_refused(tmp_path):
    found = items(put(tmp_path / "a.zip", zipped({"x/b.xml": b"<html/>", "a.jsonl": FILES["five.jsonl"]})))
    assert Rejected("x/b.xml", "", "none of the known formats") in found and len(found) == 2
    with pytest.raises(InputError, match="no file named"):
        items(put(tmp_path / "b.zip", zipped({"README": b"x"})))


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("page.html", b"<!doctype html><html></html>", "<html>"),
        ("empty.xml", b"", "empty"),
        ("blank.xml", b" \n ", "empty"),
        ("none.xml", b"<PubmedArticleSet></PubmedArticleSet>", "no records"),
        ("none.json", b'{"studies": []}', "no records"),
        ("odd.xml", b'<?xml version="1.0" encoding="klingon"?><PubmedArticleSet/>', "klingon"),
        ("wide.xml", pubmed_xml(citation_xml(1)).encode("utf-16")[:-1], "begins as UTF-16"),
        ("wide.jsonl", '{"id": "NCT00000001", "text": "x"}'.encode("utf-16") + b"\0\xd8\0\xd8", "begins as UTF-16"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(50), "7-Zip"),
        ("a.xml.zst", b"\x28\xb5\x2f\xfd" + bytes(50), "Zstandard"),
        ("a.jsonl", b"%PDF-1.7 x", "a PDF"),
        ("a.parquet", b"PAR1" + bytes(50), "Parquet"),
        ("library.sqlite", b"SQLite format 3\0" + bytes(50), "SQLite"),
        ("a.bin", b"\x7fELF\2\1\1" + bytes(50), "no text"),
        ("noise.gz", b"\x1f\x8b" + bytes(50), "damaged"),
    ],
)
def test_a_file_of_no_use_is_refused_in_one_line(tmp_path, name, data, problem):
    with pytest.raises(InputError, match=problem) as caught:
        items(put(tmp_path / name, data))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("packed", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_every_unicode_is_read_packed_or_not(tmp_path, encoding, packed):
    xml = pubmed_xml(*map(citation_xml, range(1, 400))).replace("utf-8", encoding.upper())
    lines = "".join(
        json.dumps({"id": f"NCT{n:08d}", "text": "ü\U0001f600"}, ensure_ascii=False) + "\n" for n in range(9)
    )
    for name, text, count in (("a", xml, 399), ("b", lines, 9), ("c", json.dumps([STUDY]), 1)):
        assert len(items(put(tmp_path / name, packed(text.encode(encoding))))) == count
    member = zipped({"x/a.xml": xml.encode(encoding)})
    assert len(items(put(tmp_path / "d.zip", member))) == 399


def test_a_format_may_be_forced_and_an_unknown_one_is_refused(tmp_path):
    path = put(tmp_path / "a.xml", pubmed_xml(citation_xml(1)))
    assert [document.id for document in read_documents(path, "pubmed-xml")] == ["PMID:1"]
    with pytest.raises(InputError):
        items(path, Reading("jsonl"))
    with pytest.raises(InputError, match="unknown format 'xml'"):
        items(path, Reading("xml"))


def test_jsonl_can_be_read_leniently(tmp_path):
    good = '{"id": "PMID:1", "title": "T", "abstract": "A"}\n'
    path = put(tmp_path / "a.jsonl", good + "{broken\n" + '{"id": "PMID:3"}\n' + good.replace("PMID:1", "PMID:4"))
    found = items(path, Reading(lenient=True))
    assert [(item.place, item.id) for item in found if isinstance(item, Rejected)] == [
        ("line 2", ""), ("line 3", "PMID:3"),
    ]  # fmt: skip
    assert [item.id for item in found if isinstance(item, Document)] == ["PMID:1", "PMID:4"]


def test_reading_on_from_a_place_brings_just_the_rest(tmp_path):
    path = put(tmp_path / "a.tar.gz", ARCHIVES["a.tar.gz"])
    everything = list(read(path))
    for skip in range(len(everything)):
        assert list(read(path, skip=skip)) == everything[skip:]


def test_a_file_is_read_in_constant_memory(tmp_path):
    """A file of 18 MB in 3,000 records is read with a few MB."""
    chance = random.Random(1)
    body = " ".join(f"w{chance.randrange(10**6)}" for _ in range(750))
    with gzip.open(tmp_path / "a.xml.gz", "wt", compresslevel=1) as file:
        file.write("<PubmedArticleSet>")
        for number in range(1, 3001):
            file.write(citation_xml(number, abstract=body))
        file.write("</PubmedArticleSet>")
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_documents(tmp_path / "a.xml.gz"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 3000 and peak < 12e6


@pytest.mark.real
def test_all_real_full_texts_are_read_with_sections(real_data):
    found = items(real_data / "literature" / "pmc_sample.tar.xz")
    assert len(found) == 300 and all(isinstance(item, Document) for item in found)
    assert all(item.sections and item.title and item.date for item in found)
    assert sum(item.twin is not None for item in found) > 280
    assert not [item.id for item in found if "<" in item.title or "\n" in item.title]
