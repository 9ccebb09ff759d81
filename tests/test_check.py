"""The check lets pass only what the evidence cited in this run holds."""

import pytest

from kedrec.agents.prompting.answer_format import (
    LONGEST_ANSWER,
    LONGEST_RATIONALE,
    NO_EVIDENCE,
    cited,
    without_citations,
)
from kedrec.agents.prompting.answer_parser import parse_answers, parse_decision
from kedrec.agents.prompting.citation_check import Checker
from kedrec.records import Answer, CandidateScore, Entity, Evidence, Factor, Question

BARI = Entity(id="Compound::1", kind="Compound", name="Baricitinib", synonyms=("Olumiant",))
SULFA = Entity(id="Compound::2", kind="Compound", name="Sulfasalazine")
ILL = Entity(id="Disease::1", kind="Disease", name="alopecia areata")
EVIDENCE = {
    "K1": Evidence(
        key="K1", source_id="Compound::1|t|Gene::1", text="Baricitinib targets JAK1", about=("Compound::1",)
    ),
    "P1": Evidence(
        key="P1",
        source_id="PMID:1",
        text="Baricitinib regrew hair in 38.8% of 1,200 adults with alopecia areata over 36 weeks",
        about=("Compound::1", "Disease::1"),
    ),
    "P2": Evidence(key="P2", source_id="PMID:2", text="It helped few people.", about=("Compound::2",)),
}
CHECKER = Checker(EVIDENCE, (ILL, BARI, SULFA))


def reason(text, *keys):
    return CHECKER.reason(text, keys)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Baricitinib regrew hair in 38.8% of 1200 adults with alopecia areata", ["P1"]),
        ("Olumiant targets JAK1", ["K1"]),
        ("Baricitinib targets JAK-1 and took 36 weeks", ["K1", "P1"]),
        ("It is of use", ["P1"]),
    ],
)
def test_what_the_evidence_holds_passes(text, keys):
    assert reason(text, *keys) is None


@pytest.mark.parametrize(
    ("text", "keys", "why"),
    [
        ("Baricitinib works", [], "cites no evidence"),
        ("", ["P1"], "empty"),
        ("Baricitinib works", ["P9"], "not found in this run"),
        ("Baricitinib works", ["P1", "T77"], "not found in this run"),
        ("Sulfasalazine works", ["P1"], "does not name Sulfasalazine"),
        ("Baricitinib beats sulfasalazine", ["P1"], "does not name Sulfasalazine"),
        ("Sulfasalazine did little", ["P2"], "does not name Sulfasalazine"),
        ("Sulfasalazine targets JAK1", ["K1"], "does not name Sulfasalazine"),
        ("Baricitinib helps in alopecia areata", ["K1"], "does not name alopecia areata"),
        ("Baricitinib helped 99% of adults", ["P1"], "number 99"),
        ("Baricitinib helped 388 adults", ["P1"], "number 388"),
        ("Baricitinib took .5 weeks", ["P1"], "number 0.5"),
        ("Baricitinib targets TYK2", ["K1"], "does not hold TYK2"),
        ("Baricitinib was tried in NCT00000001", ["P1"], "NCT00000001"),
    ],
)
def test_what_the_evidence_does_not_hold_fails(text, keys, why):
    assert why in reason(text, *keys)


POWERS = Evidence(key="P4", source_id="PMID:4", text="", about=("Compound::1",))


def in_the_light_of(evidence, text):
    return Checker({"P4": POWERS.model_copy(update={"text": evidence})}, (ILL,)).reason(text, ["P4"])


@pytest.mark.parametrize("source", ["10^6", "10⁶", "10**6", "10^{6}", "1,000,000", "x 10 6", "10(6)"])
@pytest.mark.parametrize("said", ["10^6", "10⁶", "10**6", "10^(6)", "1,000,000"])
def test_a_power_is_the_same_number_however_it_is_written(source, said):
    assert in_the_light_of(f"They got 2 {source} cells.", f"2 and {said} cells") is None


@pytest.mark.parametrize(
    ("source", "said", "missing"),
    [
        ("2 x 10^6 cells", "106 cells", "106"),
        ("2 x 106 cells", "2 x 10^6 cells", "10^6"),
        ("2 x 10⁶ cells", "6 cells", "6"),
        ("p was 10^-8", "p was 10^8", "10^8"),
        ("p was 10⁻⁸", "8 of 10", "8"),
        ("kg/m^2 and kg m^-3", "2 doses", "2"),
        ("kg/m^2 and kg m^-3", "3 doses", "3"),
        ("100^12 adults", "12 adults", "12"),
        ("10^3 adults", "10^99999 adults", "10^99999"),
    ],
)
def test_an_exponent_is_neither_a_digit_more_nor_a_number_of_its_own(source, said, missing):
    assert f"number {missing}" in in_the_light_of(source, said) + "."


@pytest.mark.parametrize(
    ("source", "said"),
    [("BMI 25 kg/m^2", "BMI 25 kg/m²"), ("0.9^a of 100^12 adults", "0.9 of 100 adults"), ("10^−8", "10⁻⁸")],
)
def test_marks_behind_a_number_or_a_unit_do_not_hide_it(source, said):
    assert in_the_light_of(source, said) is None


def test_a_number_that_is_part_of_a_name_need_not_stand_in_evidence_that_has_another_name():
    drug = Entity(id="Compound::DB05679", kind="Compound", name="CNTO 1275", synonyms=("Stelara",))
    told = Evidence(key="P5", source_id="PMID:5", text="Stelara has been indicated for ulcerative colitis.")
    checker = Checker({"P5": told}, (drug,))
    assert checker.reason("CNTO 1275 is indicated.", ["P5"]) is None
    assert "1276" in checker.reason("CNTO 1275 was given to 1276 patients.", ["P5"])


def test_counts_of_the_weigher_hold_only_for_the_sources_it_counted_over():
    factor = Factor(group="co-mention", share=1.0, text="Baricitinib is named in 14 abstracts", sources=("PMID:1",))
    checker = Checker(EVIDENCE, (ILL, BARI), [CandidateScore(id=BARI.id, score=1, probability=1, factors=(factor,))])
    assert checker.reason("Baricitinib is named in 14 abstracts", ["P1"]) is None
    assert "number 14" in checker.reason("Baricitinib is named in 14 abstracts", ["K1"])


def test_counts_and_shares_of_the_weigher_lend_no_number_to_another_sentence():
    factor = Factor(group="direct edge", share=4.0, text="the graph has 7 uses of Baricitinib", sources=("PMID:1",))
    checker = Checker(EVIDENCE, (ILL, BARI), [CandidateScore(id=BARI.id, score=1, probability=1, factors=(factor,))])
    assert checker.reason("Direct edge, +4.00: the graph has 7 uses of Baricitinib", ["P1"]) is None
    assert "number 4" in checker.reason("Baricitinib cut relapses 4 times", ["P1"])
    assert "number 7" in checker.reason("Baricitinib helped 7 adults", ["P1"])


def test_an_answer_that_fails_gives_way_to_the_abstention_phrase():
    question = Question(key="safety", text="?", disease=ILL.id, drug=BARI.id)
    wrong = Answer(question=question, text="Harms 7 in 10", stance="against", citations=("P1",))
    [kept], [failure] = CHECKER.answers([wrong])
    assert (kept.text, kept.stance, kept.citations) == (NO_EVIDENCE, "unclear", ())
    assert "number 7" in failure.reason


def test_a_decision_in_the_format_is_read():
    text = "CHOICE: B\nCONFIDENCE: 0.7\nRATIONALE:\n- It works [P1][K1].\n- So [P1, P2] it does [K1]"
    read = parse_decision(text, ["A", "B"])
    assert (read.label, read.confidence, read.problems) == ("B", 0.7, ())
    assert [sentence.citations for sentence in read.sentences] == [("P1", "K1"), ("P1", "P2", "K1")]
    assert read.sentences[0].text == "It works."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I think A is best",
        '{"choice": "A", "rationale": ["x [P1]"',
        "CHOICE: C\nCONFIDENCE: 0.7\nRATIONALE:\n- x [P1]",
        "CHOICE: A or B\nCONFIDENCE: 0.7\nRATIONALE:\n- x [P1]",
        "CHOICE: A\nCONFIDENCE: 7\nRATIONALE:\n- x [P1]",
        "CHOICE: A\nCONFIDENCE: high\nRATIONALE:\n- x [P1]",
        "CHOICE: A\nCONFIDENCE: 0.7\nRATIONALE:",
        "CHOICE: A\nCONFIDENCE: 0.7\n- x [P1]",
        "CHOICE: A\nCONFIDENCE: 0.7\nRATIONALE:\nx [P1]",
        "CHOICE: A\nCONFIDENCE: 0.7\nCHOICE: B\nRATIONALE:\n- x [P1]",
    ],
)
def test_what_does_not_keep_to_the_format_is_a_problem_said_in_words(text):
    problems = parse_decision(text, ["A", "B"]).problems
    assert problems
    assert all(len(problem) > 20 for problem in problems)


def test_an_abstention_needs_no_rationale():
    read = parse_decision("CHOICE: NONE | nothing tells them apart", ["A", "B"])
    assert (read.label, read.reason, read.problems) == ("NONE", "nothing tells them apart", ())


def test_a_50000_word_answer_is_cut_and_said_to_be():
    long = "CHOICE: A\nCONFIDENCE: 0.7\nRATIONALE:\n" + "- short and true [P1]\n" * 10_000
    read = parse_decision(long, ["A", "B"])
    assert len(read.sentences) == LONGEST_RATIONALE
    assert any("50,0" in note for note in read.left_out)
    late = parse_decision(
        "CHOICE: A\nRATIONALE:\n- read [P1]\n" + "\n" * LONGEST_ANSWER + "- not read [P1]", ["A", "B"]
    )
    assert [sentence.text for sentence in late.sentences] == ["read"]
    endless = parse_decision("CHOICE: A\nCONFIDENCE: 0.7\nRATIONALE:\n- " + "word " * 50_000 + "[P1]", ["A", "B"])
    assert endless.sentences == ()
    assert endless.left_out


def test_answers_are_read_line_by_line_and_missing_ones_are_said():
    questions = [
        Question(key=key, text="?", disease=ILL.id, drug=BARI.id) for key in ("safety", "mechanism", "against")
    ]
    text = (
        "mechanism | supports | It works | and well [P1]\nsafety | maybe | x [P1]\nagainst | unclear | " + NO_EVIDENCE
    )
    answers, notes = parse_answers(text, questions)
    assert [answer.text for answer in answers] == [NO_EVIDENCE, "It works | and well", NO_EVIDENCE]
    assert answers[1].citations == ("P1",)
    assert any("safety" in note for note in notes)


def test_citation_marks_are_found_and_removed():
    assert cited("a [K1][P2], b [T3; K1].") == ("K1", "P2", "T3")
    assert without_citations("a [K1][P2], b [T3].") == "a, b."
    assert cited("[X1] [K] [1] K1") == ()


def test_a_sentence_on_a_retracted_article_must_say_so():
    withdrawn = Evidence(key="P3", source_id="PMID:3", text="RETRACTED: Baricitinib cured alopecia areata.")
    checker = Checker({"P3": withdrawn}, (ILL, BARI))
    assert "retracted" in checker.reason("Baricitinib cured alopecia areata", ["P3"])
    assert checker.reason("A retracted article says that baricitinib cured alopecia areata", ["P3"]) is None
