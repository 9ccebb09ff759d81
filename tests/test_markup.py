"""Values that markup carries come through as text, and no number becomes another one."""

import json
import re

import pytest
from literature_files import STUDY, STUDY_XML, article_xml, citation_xml, pubmed_xml

from kedrec.records import Document
from kedrec.tools.markup.inline import written
from kedrec.tools.sources import read_documents
from kedrec.tools.streams.xml_stream import parse


def one(path, text):
    path.write_text(text, "utf-8")
    (document,) = read_documents(path)
    return document


LEVELS = {
    "2 x 10<sup>6</sup> cells/kg": "2 x 10^6 cells/kg",
    "10<sup>-3</sup>, 10<sup>\u22128</sup>, 10<sup>\u2013 1</sup>": "10^-3, 10^-8, 10^-1",
    "10<sup>\u2212</sup><sup>3</sup>": "10^-3",
    "10 <sup>9</sup>/l": "10^9/l",
    "10<i><sup><b>9</b></sup></i>cells": "10^9 cells",
    "10<sup>10<sup>2</sup></sup>": "10^(10^2)",
    "1.73 m<sup>2</sup>; kg m<sup>-2</sup>": "1.73 m^2; kg m^-2",
    "(a + b)<sup>2</sup> x<sup>n+1</sup> 8<sup>1/3</sup>": "(a + b)^2 x^(n+1) 8^(1/3)",
    "<sup>18</sup>F-FDG (<sup>13</sup>C) <sup>99m</sup>Tc": "18F-FDG (13C) 99mTc",
    "Ca<sup>2+</sup> Na<sup>+</sup> SO<sub>4</sub><sup>2\u2212</sup> CD4<sup>+</sup>": "Ca2+ Na+ SO4^2- CD4+",
    "the 25<sup>th</sup>, 1<sup>st </sup>and 37<sup>0</sup>C": "the 25th, 1st and 37°C",
    "Humira<sup>TM</sup> study<sup>a</sup> 0.9<sup>b</sup>": "Humira™ study^a 0.9^b",
    "CO<sub>2</sub> H<sub>2</sub>O HbA<sub>1c</sub> FEV<sub>1 </sub>was": "CO2 H2O HbA1c FEV1 was",
    "log<sub>10</sub>5 and 101<sub>2</sub> C <sub>max</sub>": "log10 5 and 101_2 Cmax",
    "text<sup>12</sup> and 100<sup>12</sup>": "text^12 and 100^12",
    "It rose.<sup>26,27</sup> We": "It rose. We",
    "one<break/>two": "one two",
}


@pytest.mark.parametrize("markup", LEVELS)
def test_levels_are_kept_apart_from_what_they_stand_at(markup):
    assert written(parse(f"<p>{markup}</p>".encode())) == LEVELS[markup]


FORMULAS = {
    "<mfrac><mn>1</mn><mn>2</mn></mfrac>": "1/2",
    "<mn>2</mn><mfrac><mn>1</mn><mn>2</mn></mfrac><mi>h</mi>": "2 1/2 h",
    "<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac>": "(a+b)/c",
    "<msup><mn>10</mn><mrow><mo>\u2212</mo><mn>3</mn></mrow></msup>": "10^-3",
    "<msup>\n <mn>10</mn>\n <mn>9</mn>\n</msup>": "10^9",
    "<msub><mi>x</mi><mn>1</mn></msub><msubsup><mi>t</mi><mn>1</mn><mn>2</mn></msubsup>": "x1t1^2",
    "<mn>2</mn><mo>\u2062</mo><mn>3</mn>": "2 3",
    "<mi>Tests</mi><mi>done</mi><mo>\u2003</mo><mo>=</mo><mn>7</mn>": "Tests done =7",
    "<msqrt><mn>2</mn></msqrt><mroot><mn>8</mn><mn>3</mn></mroot>": "√(2)8^(1/3)",
    "<mfenced><mn>1</mn><mn>2</mn></mfenced>": "(1, 2)",
    "<mmultiscripts><mi>F</mi><mprescripts/><none/><mn>18</mn></mmultiscripts>": "18F",
    "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd></mtr></mtable>": "1 2; 3",
    "<semantics><mn>4</mn><annotation>TeX</annotation></semantics>": "4",
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_are_told_on_one_line(formula):
    assert written(parse(f"<p><math>{formula}</math></p>".encode())) == FORMULAS[formula]


MATHS = '<mml:math xmlns:mml="x"><mml:msup><mml:mn>10</mml:mn><mml:mn>5</mml:mn></mml:msup></mml:math>'


def test_titles_and_abstracts_of_citations_keep_their_values(tmp_path):
    xml = citation_xml(1, title="At 10<sup>6</sup> cells", abstract=f"P = 5 × 10<sup>-8</sup> of {MATHS}.")
    found = one(tmp_path / "a.xml", pubmed_xml(xml))
    assert (found.title, found.text) == ("At 10^6 cells", "P = 5 × 10^-8 of 10^5.")


def test_titles_headings_and_text_of_articles_keep_their_values(tmp_path):
    xml = article_xml().replace("Warfarin <italic>", f"10<sup>9</sup> and {MATHS} <italic>")
    xml = xml.replace("<p>Done, ", "<title>At 10<sup>7</sup></title><p>10<sup>8</sup> done, ")
    xml = xml.replace("<title>3. Results</title>", "<title>3. CO<sub>2</sub></title>")
    found = one(tmp_path / "a.nxml", xml)
    assert found.title.startswith("10^9 and 10^5 in vivo")
    assert "At 10^7\n10^8 done, as others did." in found.text and "CO2" not in found.text


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("did<sup>{1}</sup>.", "did."),
        ("did.<sup>{1}\u2013{2}</sup> So", "did. So"),
        ("did{1}<sup>,</sup>{2}<sup>)</sup>.", "did."),
        ("did [{1}, {2}].", "did."),
        ("10<sup>{1}</sup> of 10<sup>3</sup>.", "10 of 10^3."),
    ],
)
def test_marks_that_point_at_references_leave_nothing_behind(tmp_path, marked, plain):
    for number in "12":
        marked = marked.replace(f"{{{number}}}", f'<xref ref-type="bibr" rid="b">{number}</xref>')
    assert plain in one(tmp_path / "a.nxml", article_xml().replace("<p>Ten were", f"<p>They {marked} Ten were")).text


ESCAPED = "HbA1c \\>= 7.5% \\[cohort A\\] 5\\~10 mg; p\\<0.05; \\*so\\* a\\_b, na\\u00efve, C:\\\\x and \\d"
PLAIN = "HbA1c >= 7.5% [cohort A] 5~10 mg; p<0.05; *so* a_b, naïve, C:\\x and \\d"


def test_trials_come_without_escapes_however_they_come(tmp_path):
    study = json.loads(json.dumps(STUDY))
    study["protocolSection"]["descriptionModule"]["briefSummary"] = ESCAPED
    study["protocolSection"]["identificationModule"]["briefTitle"] = "Timolol \\> placebo"
    by_json = one(tmp_path / "a.json", json.dumps(study))
    xml = re.sub(r"Does timolol\s+help\?", lambda _: ESCAPED.replace("<", "&lt;"), STUDY_XML)
    by_xml = one(
        tmp_path / "a.xml", xml.replace("<brief_title>Timolol in asthma", "<brief_title>Timolol \\&gt; placebo")
    )
    assert PLAIN in by_json.text and by_json.title == "Timolol > placebo"
    assert by_xml == by_json
    assert all(by_json.text[section.start - 2 : section.start] in ("", "\n\n") for section in by_json.sections)
    row = {"id": "NCT00000001", "title": "1 \\< 2", "text": ESCAPED}
    assert one(tmp_path / "a.jsonl", json.dumps(row)) == Document(
        id="NCT00000001", corpus="trials", title="1 < 2", text=PLAIN
    )


def test_the_words_of_an_article_keep_their_backslashes(tmp_path):
    row = {"id": "PMID:1", "title": "T", "abstract": ESCAPED}
    assert one(tmp_path / "a.jsonl", json.dumps(row)).text == ESCAPED


@pytest.mark.real
def test_no_power_of_ten_in_the_real_full_texts_lost_its_level(real_data):
    documents = list(read_documents(real_data / "literature" / "pmc_sample.tar.xz"))
    assert sum(bool(re.search(r"\b10\^-?\d", document.text)) for document in documents) == 10
    assert not [document.id for document in documents if re.search(r"×\s?10[-−–]?[1-9]", document.text)]
