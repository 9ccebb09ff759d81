"""What the sentences that name a drug and a disease together say, by cue words and word order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kedrec.tools.text.tokens import TokenStream, fold, sentence_numbers
from kedrec.tools.text.zones import EntityRows, cross

__all__ = ["CUES", "sentence_pairs"]


CUES: dict[str, str] = {
    "benefit": (
        "effective efficacy improve improved improvement improving superior beneficial benefit remission "
        "relief respond response responder successful successfully significantly alleviate ameliorate reduce "
        "reduced reduction"
    ),
    "use": (
        "treat treated treating treatment therapy therapeutic indicated approved first line second "
        "monotherapy prescribed recommended maintenance standard adjuvant regimen received receiving "
        "prophylaxis prevent prevention management"
    ),
    "failure": (
        "not no failed failure ineffective lack unlikely futility terminated discontinued withdrawn neither "
        "nor without disappointing unsuccessful"
    ),
    "harm": (
        "induced adverse toxicity toxic caused cause causing contraindicated exacerbate exacerbation worsen "
        "worsened worsening overdose risk associated complication poisoning withdrawal drug-induced secondary"
    ),
    "compare": (
        "versus vs compared comparison comparing placebo control randomized randomised double blind trial "
        "alone combination"
    ),
    "animal": ("rat mouse mice murine rabbit dog cell vitro vivo animal culture line xenograft model"),
}
"""Words that say what a sentence claims, by kind."""


_AIM = {"for", "against", "of", "treat", "treating"}


_MEANS = {"by", "with", "using", "receiving", "to", "on"}


def sentence_pairs(
    stream: TokenStream, rows: EntityRows, entities: int
) -> tuple[NDArray[np.int64], list[NDArray[np.float32]]]:
    """Return for each (sentence, drug, disease) its key and the columns of ``FIELDS`` from ``sentences`` on."""
    drugs, diseases = rows.take(rows.drug), rows.take(~rows.drug)
    one, other = cross(drugs.sentence, diseases.sentence)
    key = drugs.entity[one].astype(np.int64) * entities + diseases.entity[other]
    whole = np.stack((drugs.sentence[one], key), axis=1)
    _, first = (
        np.unique(whole[:, 0].astype(np.int64) * (entities**2 + 1) + whole[:, 1], return_index=True)
        if len(one)
        else (0, one)
    )
    one, other, key = one[first], other[first], key[first]
    drug_at, disease_at = drugs.place[one], diseases.place[other]
    drug_end, disease_end = drug_at + drugs.length[one], disease_at + diseases.length[other]
    ahead = disease_at - drug_end
    behind = drug_at - disease_end
    columns: list[NDArray[np.bool_] | NDArray[np.float32]] = [
        np.ones(len(one), bool), np.maximum(ahead, behind) <= 6,
        (ahead >= 0) & (ahead <= 8) & _word_before(stream, disease_at, _AIM, 4),
        (behind >= 0) & (behind <= 8) & _word_before(stream, drug_at, _MEANS, 3),
        _word_at(stream, drug_end, {"induced", "associated", "related"}) & (ahead >= 1) & (ahead <= 3),
        (ahead >= 0) & _word_before(stream, disease_at, {"patients", "with", "in", "having", "subjects"}, 3),
    ]  # fmt: skip
    columns += [cue[drugs.sentence[one]] for cue in _sentence_cues(stream)]
    return key, [np.asarray(column, np.float32) for column in columns]


def _word_at(stream: TokenStream, place: NDArray[np.int64], words: set[str]) -> NDArray[np.bool_]:
    """Say whether one of the words stands at each place."""
    flags = np.array([word.lower() in words for word in stream.words], dtype=bool)
    inside = np.clip(place, 0, max(len(stream.ids) - 1, 0))
    return flags[stream.ids[inside]] if len(place) else np.zeros(0, bool)


def _word_before(stream: TokenStream, place: NDArray[np.int64], words: set[str], reach: int) -> NDArray[np.bool_]:
    """Say whether one of the words stands within ``reach`` tokens before each place."""
    found = np.zeros(len(place), dtype=bool)
    for back in range(1, reach + 1):
        found |= _word_at(stream, place - back, words)
    return found


def _sentence_cues(stream: TokenStream) -> list[NDArray[np.bool_]]:
    """Say for each kind of cue which sentences have one of its words, shape (sentences,) each."""
    sentence = sentence_numbers(stream)
    count = int(sentence[-1]) + 1 if len(sentence) else 0
    folded = stream.folded()
    marks = []
    for words in CUES.values():
        chosen = {fold(word) for word in words.split()}
        flags = np.array([word in chosen for word in folded], dtype=bool)[stream.ids]
        mark = np.zeros(count, dtype=bool)
        mark[sentence[flags]] = True
        marks.append(mark)
    return marks
