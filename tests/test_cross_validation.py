"""Cross-validation by disease: what is hidden, that every pair is answered warm and cold, and that it goes on."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from kedrec.agents.offline import ranker
from kedrec.agents.offline.items import FOLDS, LabelledQuestion, fold_of, looks, pairs_of
from kedrec.errors import InputError, NotReady
from kedrec.eval.cross_validation import cross_validate, main
from kedrec.eval.role_weights import fit_weights, held_out_log_odds, role_differences
from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.graphdb.link_prediction.links import LinkModel
from kedrec.graphdb.link_prediction.treatments import GraphFacts

CLASSES, OF_EACH, ILLS = 4, 6, 5


def drug(group: int, number: int) -> str:
    return f"Compound::DB9{group}{number:03}"


def ill(group: int, number: int) -> str:
    return f"Disease::MESH:D9{group}{number:03}"


def triples() -> list[tuple[str, str, str]]:
    """Classes of drugs with one target each, used for diseases with one gene each; some edges the other way round."""
    rows = []
    for group in range(CLASSES):
        for number in range(OF_EACH):
            rows.append((drug(group, number), "DRUGBANK::target::Compound:Gene", f"Gene::{group}"))
            for sick in range(ILLS):
                edge = drug(group, number), "DRUGBANK::treats::Compound:Disease", ill(group, sick)
                rows.append(edge if (number + sick) % 2 else (edge[2], "GNBR::T::Compound:Disease", edge[0]))
        rows += [(ill(group, sick), "Hetionet::DaG::Disease:Gene", f"Gene::{group}") for sick in range(ILLS)]
    return rows


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("cross")
    (place / "graph.tsv").write_text("".join("\t".join(row) + "\n" for row in triples()))
    load_graph([place / "graph.tsv"], None, place / "home" / "graph")
    return place / "home"


def items(count: int = 80) -> list[LabelledQuestion]:
    rng = random.Random(1)
    made = []
    for _ in range(count):
        good, bad = rng.sample(range(CLASSES), 2)
        pair = [drug(good, rng.randrange(OF_EACH)), drug(bad, rng.randrange(OF_EACH))]
        right = rng.randrange(2)
        made.append(LabelledQuestion(ill(good, rng.randrange(ILLS)), (pair[right], pair[1 - right]), right))
    return made


def write(path: Path, chosen: list[LabelledQuestion], **changed: object) -> Path:
    rows = [
        {
            "id": f"p{number}",
            "disease": {"id": item.disease},
            "candidates": [{"id": one} for one in item.candidates],
            "answer": item.candidates[item.right],
            "negative_kind": "made",
            **changed,
        }
        for number, item in enumerate(chosen)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_look_hides_its_pairs_and_every_use_for_its_cold_diseases_and_nothing_else(home):
    facts, asked = GraphFacts(EmbeddedStore.open(home / "graph")), items()
    seen = set()
    for look in looks(asked, facts):
        link = LinkModel(facts, look.hidden)
        chosen = [asked[i] for i in look.rows.tolist()]
        cold = {item.disease for item, state in zip(chosen, look.states, strict=True) if state}
        seen |= set(zip(look.states.tolist(), look.rows.tolist(), strict=True))
        for disease in facts.disease_ids:
            uses = set(link.treats[:, [facts.disease_row[disease]]].nonzero()[0].tolist())
            own = {facts.drug_row[d] for item in chosen if item.disease == disease for d in item.candidates}
            known = set(facts.treats[:, [facts.disease_row[disease]]].nonzero()[0].tolist())
            assert uses == (set() if disease in cold else known - own)
    assert seen == {(state, row) for state in (0, 1) for row in range(len(asked))}


def test_all_pairs_of_a_disease_are_held_out_together_and_hidden(home):
    facts, asked = GraphFacts(EmbeddedStore.open(home / "graph")), items()
    folds = fold_of(asked)
    for look in looks(asked, facts):
        assert set(folds[look.rows].tolist()) == {look.fold}
        assert pairs_of(asked[i] for i in look.rows.tolist()) <= look.hidden


def test_every_pair_is_answered_warm_and_cold_and_the_same_command_goes_on(home, tmp_path, monkeypatch):
    monkeypatch.setattr(ranker, "ROUNDS", 20)
    files = [write(tmp_path / "a.jsonl", items()), write(tmp_path / "b.jsonl", items(100)[80:])]
    steps: list[str] = []
    first = cross_validate(files, home, ["none"], on_progress=steps.append)
    assert [(one.setting, one.state, one.scores.n) for one in first] == [("none", "warm", 100), ("none", "cold", 100)]
    assert all(one.scores.f1 > 0.8 for one in first)
    assert len(steps) == 3 * len(set(fold_of(items(100)).tolist())) <= 3 * FOLDS
    made = {path: path.stat().st_mtime_ns for path in home.glob("cross-validation/*/*")}
    next(path for path in made if path.name.startswith("margins")).unlink()
    assert cross_validate(files, home, ["none"]) == first
    again = {path: path.stat().st_mtime_ns for path in home.glob("cross-validation/*/*")}
    assert sum(made[path] != stamp for path, stamp in again.items()) == 1


def test_other_pairs_begin_anew_and_leave_nothing_of_the_old(home, tmp_path, monkeypatch):
    monkeypatch.setattr(ranker, "ROUNDS", 5)
    cross_validate([write(tmp_path / "a.jsonl", items(60))], home, ["none"])
    old = set(home.glob("cross-validation/*"))
    cross_validate([write(tmp_path / "a.jsonl", items(61))], home, ["none"])
    assert len(old) == len(set(home.glob("cross-validation/*"))) == 1
    assert old.isdisjoint(home.glob("cross-validation/*"))


def test_the_table_says_warm_and_cold_whatever_the_processes(home, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ranker, "ROUNDS", 20)
    pairs = write(tmp_path / "a.jsonl", items())
    main([str(pairs), "--home", str(home), "--settings", "none", "--processes", "2"])
    shown = capsys.readouterr().out
    assert "| none | warm |" in shown and "| none | cold |" in shown


@pytest.mark.parametrize("answer", ["Compound::DB99999", None])
def test_a_pair_without_a_right_candidate_is_refused_by_its_line(home, tmp_path, answer):
    with pytest.raises(InputError, match="line 1"):
        cross_validate([write(tmp_path / "a.jsonl", items(1), answer=answer)], home)


def test_a_setting_whose_literature_is_not_prepared_is_refused(home, tmp_path):
    with pytest.raises(NotReady, match="kedrec model derive"):
        cross_validate([write(tmp_path / "a.jsonl", items(10))], home, ["both"])


def test_numbers_do_not_depend_on_which_candidate_is_right(home):
    from kedrec.agents.offline.fit import item_features

    facts, asked = GraphFacts(EmbeddedStore.open(home / "graph")), items(40)
    other = [LabelledQuestion(item.disease, item.candidates, 1 - item.right) for item in asked]
    for one, two in zip(looks(asked, facts), looks(other, facts), strict=True):
        assert np.array_equal(item_features(facts, None, asked, one), item_features(facts, None, other, two), True)


def test_fitted_role_weights_find_what_made_the_answers_and_help_where_it_was_held_out():
    draw = np.random.default_rng(3)
    rows = np.column_stack([draw.normal(0.5, 1, 800), draw.integers(-1, 2, 800)])
    signs = np.where(draw.random(800) < 1 / (1 + np.exp(-rows @ [1.5, 1.0])), 1.0, -1.0)
    rows, folds = rows * signs[:, None], np.arange(800) % 5
    assert np.allclose(fit_weights(rows, 0.01), [1.5, 1.0], atol=0.4)
    alone, both = (held_out_log_odds(rows[:, :n], folds, 0.01) for n in (1, 2))
    assert np.log1p(np.exp(-both)).mean() < np.log1p(np.exp(-alone)).mean()


def test_roles_are_read_with_the_edges_of_the_pairs_hidden_and_edges_are_told_by_their_source(home):
    asked = items(6)
    found = role_differences(asked, home, "none", first=5)
    assert np.isnan(found[5]).all() and not np.isnan(found[:5]).any()
    assert (found[:5, 0] == 0).all()
    assert (found[:5, 1:].sum(axis=1) == 1).all()
