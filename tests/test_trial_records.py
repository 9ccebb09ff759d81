"""Titles of trials, apart from the summaries that they run into."""

import pytest

from kedrec.tools.findings.trial_records import phase_and_status, title_of


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        (
            "Once-Weekly Dulaglutide Compared to Glimepiride in Patients With Type 2 Diabetes",
            "The purpose of this study",
        ),
        ("Low-Dose Chemotherapy for Newly Diagnosed Ewing Sarcoma", "RATIONALE: Drugs used in chemotherapy"),
        ("Effect of Dulaglutide on Sulfonylurea Therapy (AWARD-8)", "This is a randomized study"),
        ("Pimecrolimus in Adults With Atopic Dermatitis", "To compare two creams"),
    ],
)
def test_a_title_ends_where_the_summary_begins(title, summary):
    assert title_of(f"{title} {summary} of something.") == title


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Colchicine With Dexamethasone for Treating Severe Gout: A Pilot, Multicenter Trial", "Gout caused a crisis."),
        ("Transdermal Estradiol Delivery in Ultra-Safe Medications Against Endometriosis", "Endometriosis is common."),
    ],
)
def test_a_title_in_capitals_ends_before_the_sentence_whose_words_are_small(title, summary):
    assert title_of(f"{title} {summary}") == title


@pytest.mark.parametrize(
    "sentence",
    [
        "The Efficacy and Safety of Dulaglutide in Type 2 Diabetes.",
        "A Study To Compare The Study Drugs of Patients With Gout",
        "This study tests colchicine in gout.",
    ],
)
def test_a_sentence_that_holds_no_title_and_summary_stays_whole(sentence):
    assert title_of(sentence) == sentence


@pytest.mark.parametrize(
    ("record", "known"),
    [
        ("Phase 3. Status: completed. A Study", ("3", "completed")),
        ("Phase 1/2. Status: unknown. A Study", ("1/2", "")),
        ("Status: not yet recruiting. A Study", ("", "not yet recruiting")),
        ("A Study of Phase 3. Status: completed.", ("", "")),
    ],
)
def test_phase_and_status_are_read_from_the_head_alone(record, known):
    assert phase_and_status(record) == known
