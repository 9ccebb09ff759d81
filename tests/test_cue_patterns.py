"""Patterns that are tried only where a text holds letters that they need find what they find anywhere."""

import random
import re

import pytest

from kedrec.tools.findings import drug_actions
from kedrec.tools.text import sentence_cues, spans
from kedrec.tools.text.cues.pattern import CuePattern, letters_needed

CUES = [
    pytest.param(found, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in (sentence_cues, spans, drug_actions)
    for name, found in vars(module).items()
    if isinstance(found, CuePattern)
]
SAID = re.findall(
    r"\S+",
    "Infliximab was not superior to placebo. No significant difference in remission was seen; tolerability was good. "
    "Treatment with methotrexate reduced relapses (p < 0.05). Etanercept-induced neurotoxicity: a case report. "
    "Patients must be willing to give informed consent. We aimed to evaluate the synthesis of prostaglandins. "
    "The trial was terminated early due to futility. Overall, these findings suggest that it is effective. "
    "İnfections and ſide effects, WARNING; a 34-year-old with a rash. Cytotoxic; exacerbated • on treatment",
)


@pytest.mark.parametrize("cue", CUES)
def test_a_pattern_finds_the_same_as_one_that_is_always_tried(cue):
    drawn = random.Random(7)
    for _ in range(400):
        words = drawn.choices(SAID, k=drawn.randint(1, 12))
        start = drawn.randrange(len(SAID))
        for text in (" ".join(words), " ".join(SAID[start : start + 12]).swapcase()):
            plain = cue._pattern.search(text)
            found = cue.search(text)
            assert (found and found.span()) == (plain and plain.span()), text
            assert [one.span() for one in cue.finditer(text)] == [one.span() for one in cue._pattern.finditer(text)]


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        (r"\bside[- ]effects?\b", {"side effect", "side-effect", "side effects", "side-effects"}),
        (r"(?:improv|reduc)\w+ of", {"improv", "reduc"}),
        (r"(?:\w+ )?risk|odds", {"risk", "odds"}),
        (r"(?<!no )benefit(?! of)", {"benefit"}),
        (r"\w+|cure", None),
        (r"(?:cure)?", None),
    ],
)
def test_the_letters_that_a_match_needs_follow_from_the_pattern(pattern, needed):
    found = letters_needed(pattern)
    assert found is None if needed is None else found
    if needed:
        assert all(any(one in whole for one in found) for whole in needed)


def test_a_pattern_without_letters_that_it_needs_is_always_tried():
    assert CuePattern(r"\w+ \d").search("dose 7")
    assert CuePattern(r"cure").search("none") is None
