"""The first step: BM25 as published, words read as meant, neighbours rewarded, filters exact, folders whole."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest

from kedrec.errors import DamagedData
from kedrec.tools.search import bm25 as lexical
from kedrec.tools.search import postings
from kedrec.tools.search.bm25 import FADING, PAIR_WEIGHT, LexicalIndex
from kedrec.tools.search.postings import K1, TITLE_WEIGHT, B
from kedrec.tools.search.stemming import words


def build(tmp_path, texts):
    rows = [(10 + 2 * i, title, text) for i, (title, text) in enumerate(texts)]
    return LexicalIndex.build(rows, tmp_path / "index")


def by_the_book(texts, query):
    """Score every passage from the formulas, word by word."""
    rows = [([*title.split()], [*text.split()]) for title, text in texts]
    lengths = [TITLE_WEIGHT * len(title) + len(text) for title, text in rows]
    mean, asked = sum(lengths) / len(rows), list(dict.fromkeys(query.split()))
    weight = {word: 1 / (1 + FADING * place) for place, word in enumerate(asked)}

    def rarity(word):
        held = sum(word in title + text for title, text in rows)
        return math.log(1 + (len(rows) - held + 0.5) / (held + 0.5))

    scores = []
    for (title, text), length in zip(rows, lengths, strict=True):
        counts = {word: TITLE_WEIGHT * title.count(word) + text.count(word) for word in asked}
        damping = K1 * (1 - B + B * length / mean)
        score = sum(weight[w] * rarity(w) * n / (n + damping) for w, n in counts.items())
        pairs = set(pairwise(query.split())) & (set(pairwise(title)) | set(pairwise(text)))
        scores.append(
            score + sum(PAIR_WEIGHT * min(map(rarity, pair)) * min(weight[w] for w in pair) for pair in pairs)
        )
    return scores


@pytest.fixture
def texts():
    draw = random.Random(4)
    stock = [f"q{chr(97 + i // 5)}{i % 5}x" for i in range(30)]
    return [
        (" ".join(draw.choices(stock, k=3)), " ".join(draw.choices(stock, k=draw.randint(0, 20)))) for _ in range(90)
    ]


@pytest.mark.parametrize("block", [7, 20_000])
def test_scores_are_those_of_the_formula_whatever_the_blocks(tmp_path, texts, monkeypatch, block):
    monkeypatch.setattr(postings, "_BLOCK", block)
    index, query = build(tmp_path, texts), "qa1x qb2x qa1x qc3x qd4x"
    keys, scores = index.search(query, 90)
    expected = by_the_book(texts, query)
    assert {int(key): pytest.approx(expected[(key - 10) // 2], rel=1e-5) for key in keys} == dict(
        zip(keys.tolist(), scores.tolist(), strict=True)
    )
    assert len(keys) == sum(score > 0 for score in expected) and list(scores) == sorted(scores, reverse=True)


@pytest.mark.parametrize("stretch", [1, 3, 40])
def test_the_best_are_the_first_of_all_however_they_are_sought(tmp_path, texts, monkeypatch, stretch):
    monkeypatch.setattr(lexical, "STRETCH", stretch)
    index, query = build(tmp_path, texts * 2), "qa1x"
    keys, scores = index.search(query, 180)
    for limit in (1, 2, 7, len(keys)):
        found, best = index.search(query, limit)
        assert list(found) == list(keys[:limit]) and list(best) == list(scores[:limit])


def test_a_filter_gives_what_searching_only_those_passages_in_that_order_gives(tmp_path, texts):
    index, query = build(tmp_path, texts), "qa1x qb2x qc3x"
    counting = np.arange(len(texts)) % 3 == 0
    keys, scores = index.search(query, 90)
    kept = counting[(keys - 10) // 2]
    found, filtered = index.search(query, 90, counting=counting)
    assert list(found) == list(keys[kept]) and list(filtered) == list(scores[kept])
    assert not len(index.search(query, 90, counting=np.zeros(len(texts), bool))[0])


def test_neighbouring_words_count_within_a_title_or_a_text_and_not_across(tmp_path):
    index = build(tmp_path, [("red fox", "den"), ("red", "fox den"), ("fox red", "den"), ("pad", "stone")])
    keys, scores = index.search("red fox", 4)
    assert keys[0] == 10 and scores[0] > scores[1]


def test_words_are_read_as_they_are_meant():
    assert words("i&#x02013;gel&#x02122; na&#x000ef;ve") == ["i", "gel", "naive"]
    assert words("TNF-α, TGF-β, IFN-Γ and Behçet") == ["tnf", "alpha", "tgf", "beta", "ifn", "gamma", "and", "behcet"]


def test_a_passage_without_words_is_never_found(tmp_path):
    index = build(tmp_path, [("", ""), ("of the", "and"), ("fox", "")])
    assert index.search("fox of the", 5)[0].tolist() == [14]
    assert index.search("of the and", 5)[0].tolist() == []


def test_an_index_whose_files_do_not_fit_each_other_is_refused(tmp_path, texts):
    build(tmp_path, texts)
    np.save(tmp_path / "index" / "scores.npy", np.zeros(3, np.float32))
    with pytest.raises(DamagedData, match="damaged"):
        LexicalIndex.load(tmp_path / "index")
    (tmp_path / "index" / "scores.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DamagedData, match="damaged"):
        LexicalIndex.load(tmp_path / "index")
