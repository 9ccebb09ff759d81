"""Which sentences of a record are shown, where they stand, and how much evidence one message holds."""

from functools import partial

import pytest

from kedrec.agents.workflow.evidence_budget import tokens_of, within
from kedrec.agents.workflow.evidence_keys import Ledger
from kedrec.records import Entity, Finding
from kedrec.tools.literature_tools import mentions
from kedrec.tools.text.spans import excerpt, repeats, telling_spans, words_of
from kedrec.tools.text.tokens import sentence_spans

GOUT = Entity(id="Disease::1", kind="Disease", name="Gout")
ONE = Entity(id="Compound::1", kind="Compound", name="Febuxostat")
TWO = Entity(id="Compound::2", kind="Compound", name="Allopurinol")
HEAD = "A trial in gout. 2015. "
RECORD = (
    "Gout is common. The aim was to compare febuxostat with allopurinol in gout. Febuxostat lowered urate more than"
    " allopurinol in 67% of patients with gout. Ambient temperature was recorded. Rash was seen with febuxostat."
    " Exclusion criteria: a known hypersensitivity to febuxostat. Conclusion: febuxostat is effective in gout."
)


def spans_of(text, start=0, drugs=(ONE, TWO)):
    return telling_spans(text, start, [partial(mentions, entity=one) for one in drugs], partial(mentions, entity=GOUT))


def told(text, start=0):
    return [text[one:end] for one, end in spans_of(text, start)]


def test_results_and_conclusions_are_shown_and_aims_and_criteria_are_not():
    assert told(RECORD) == [
        "Febuxostat lowered urate more than allopurinol in 67% of patients with gout.",
        "Rash was seen with febuxostat.",
        "Conclusion: febuxostat is effective in gout.",
    ]


def test_offsets_lead_back_to_the_words():
    whole = HEAD + RECORD
    for start, end in spans_of(whole, len(HEAD)):
        assert start >= len(HEAD) and whole[start:end] == whole[start:end].strip() and whole[start:end] in RECORD


@pytest.mark.parametrize("text", ["", "   ", "Nothing of it.", "No stop", "a. b. c", "(A) [B]"])
def test_any_text_has_spans_within_it(text):
    found = spans_of(text)
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert bool(found) == bool(text.strip())


@pytest.mark.parametrize(
    "short", ["vs. Allopurinol", "e.g. Febuxostat", "et al. Reported", "no. 5 of", "U.S. Patients"]
)
def test_abbreviations_end_no_sentence(short):
    text = f"It was better {short} once. Then it ended."
    assert [text[start:end] for start, end in sentence_spans(text)] == [
        f"It was better {short} once.",
        "Then it ended.",
    ]


def test_what_was_left_out_is_marked():
    text = "One. Two. Three."
    first, second, third = sentence_spans(text)
    assert excerpt(text, [first, second]) == "One. Two." and excerpt(text, [first, third]) == "One. … Three."


def test_a_passage_is_kept_whole_beside_what_is_shown():
    ledger = Ledger(GOUT, [ONE, TWO])
    ledger.add([Finding(kind="article", source_id="PMID:1", text=HEAD + RECORD, head=len(HEAD), about=(ONE.id,))])
    [made] = ledger.plain().values()
    assert made["text"].startswith(HEAD) and "temperature" not in made["text"]
    assert made["passage"] == HEAD + RECORD
    assert all(made["passage"][start:end] in made["text"] for start, end in made["spans"])


def entry(key, drug, text):
    return key, {"text": text, "about": [drug]}


def evidence():
    return dict(
        entry(f"{letter}{at}", drug, f"{text} {'x' * 150}")
        for at, (letter, drug, text) in enumerate(
            (letter, drug, text)
            for letter in "KPT"
            for drug in (ONE.id, TWO.id)
            for text in ("It was effective.", "It was not effective.")
            for _ in range(4)
        )
    )


def test_the_budget_is_kept_and_shared_by_drugs_sources_and_stances():
    every = evidence()
    kept = within(600, every, [ONE.id, TWO.id])
    assert sum(tokens_of(item["text"]) for item in kept.values()) <= 600 and len(kept) < len(every)
    assert list(kept) == [key for key in every if key in kept]
    for letter in "KPT":
        of_letter = [item for key, item in kept.items() if key[0] == letter]
        assert {item["about"][0] for item in of_letter} == {ONE.id, TWO.id}
    assert {"not" in item["text"] for key, item in kept.items() if key[0] != "K"} == {True, False}


def test_what_is_cited_comes_first_and_something_is_always_shown():
    every = evidence()
    last = list(every)[-3:]
    assert set(last) <= set(within(200, every, [ONE.id, TWO.id], last))
    assert len(within(1, every, [ONE.id, TWO.id])) == 1 and within(100, {}, [ONE.id]) == {}


def test_what_says_that_a_candidate_does_harm_is_kept_before_all_that_is_cited():
    every = evidence()
    cited, harm = list(every)[:-1], list(every)[-1]
    assert harm not in within(100, every, [ONE.id, TWO.id], cited)
    assert harm in within(100, every, [ONE.id, TWO.id], cited, [harm])


def test_a_sentence_that_repeats_the_title_or_another_is_shown_once():
    head = "Febuxostat in chronic tophaceous gout. 2022. "
    first = "Febuxostat was superior to placebo in gout at week 36."
    text = f"{head}{first} In gout at week 36 febuxostat was superior to placebo. Febuxostat caused a rash."
    assert told(text, len(head)) == [first, "Febuxostat caused a rash."]


def test_what_is_shown_of_another_passage_is_not_shown_again():
    text = "Febuxostat was superior to placebo in gout at week 36. Febuxostat caused a rash."
    ledger = Ledger(GOUT, [ONE, TWO])
    keys = ledger.add(Finding(kind="article", source_id=f"PMID:{n}", text=text, about=(ONE.id,)) for n in (1, 2))
    assert "superior" in ledger.text(keys[0]) and "superior" not in ledger.text(keys[1]) != ""


def test_a_longer_sentence_does_not_repeat_a_short_title():
    title = words_of("Baricitinib in severe alopecia areata")
    longer = words_of("Baricitinib was superior to placebo in severe alopecia areata with respect to regrowth of hair")
    assert not repeats(longer, [title]) and repeats(title, [longer])
