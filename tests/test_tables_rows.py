"""The rows of the paper's tables: what each can learn from tiny data, and what it must not see."""

import gzip
import json
import random

import numpy as np
import pytest
import torch
from graph_stores import GENE_OF, TARGET, TREATS, embedded

from kedrec.config import Settings
from kedrec.distill.pairs.pairs_file import Named, Pair, Pairs, Scoring
from kedrec.errors import InputError
from kedrec.eval.tables.baselines.four_s_drug import FourSDrug
from kedrec.eval.tables.baselines.medication_sets import Sets, sets_of
from kedrec.eval.tables.baselines.molecules import read_inchis, read_molecules
from kedrec.eval.tables.baselines.pair_network import Questions, questions_of, trained
from kedrec.eval.tables.baselines.safedrug import SafeDrug
from kedrec.eval.tables.options import TablesOptions
from kedrec.eval.tables.rows import rows_of
from kedrec.eval.tables.task import Task
from kedrec.eval.tables.world import World
from kedrec.eval.tables.writers.biogpt import biogpt
from kedrec.eval.tables.writers.examples import Example, Words
from kedrec.eval.tables.writers.mechanism_sentences import mechanism_sentences
from kedrec.eval.tables.writers.pointer_generator import PointerGenerator, Source
from kedrec.eval.tables.writers.pointer_training import pointer_generator
from kedrec.eval.tables.writers.rows import Material

ASPIRIN = "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)"
SALICYLATE = "InChI=1S/C7H6O3/c8-6-4-2-1-3-5(6)7(9)10/h1-4,8H,(H,9,10)"
METHYL_SALICYLATE = "InChI=1S/C8H8O3/c1-11-8(10)6-4-2-3-5-7(6)9/h2-5,9H,1H3"
GROUPS, OF_EACH, ILLS = 3, 4, 10


def planted() -> tuple[Task, Questions, Sets]:
    """Diseases of three groups, each with the codes of its group; a drug of the same group is right."""
    rng = random.Random(0)
    rows = []
    for number in range(120):
        ill, group = number % (GROUPS * ILLS), number % GROUPS
        drugs = [group * OF_EACH + rng.randrange(OF_EACH), (group + 1 + rng.randrange(2)) % GROUPS * OF_EACH]
        right = rng.randrange(2)
        rows.append((ill, drugs[::-1] if right else drugs, right))
    files = [file_of(rows[start:end], start) for start, end in ((0, 90), (90, 120))]
    task = Task("drkg", "planted", *files, {pair.id: pair.disease.id for pair in files[1].questions})
    codes = torch.zeros(GROUPS * ILLS, 2 * GROUPS)
    codes[torch.arange(GROUPS * ILLS), torch.arange(GROUPS * ILLS) % GROUPS] = 1
    sets = Sets(codes, codes[:GROUPS], torch.eye(GROUPS).repeat_interleave(OF_EACH, 1))
    questions = Questions(
        diseases=tuple(map(str, range(GROUPS * ILLS))),
        drugs=tuple(map(str, range(GROUPS * OF_EACH))),
        disease=torch.tensor([row[0] for row in rows]),
        drug=torch.tensor([row[1] for row in rows]),
        text=torch.zeros(len(rows), 2, 0),
        right=torch.tensor([row[2] for row in rows]),
        learnt=90,
        apart=np.arange(90) % 7 == 0,
    )
    return task, questions, sets


def file_of(rows, start: int) -> Pairs:
    pairs, scoring = [], {}
    for number, (ill, drugs, right) in enumerate(rows, start):
        names = tuple(Named(id=str(drug)) for drug in drugs)
        pairs.append(Pair(id=f"q{number}", disease=Named(id=f"ill {ill}"), candidates=names))
        scoring[f"q{number}"] = Scoring(answer=str(drugs[right]), negative_kind="planted")
    return Pairs(path="planted", sha256=str(start), questions=tuple(pairs), scoring=scoring)


def accuracy(kept) -> float:
    return sum(outcome.right for outcome in kept.outcomes) / len(kept.outcomes)


def test_four_s_drug_learns_which_codes_go_with_which_drugs():
    task, questions, sets = planted()
    torch.manual_seed(0)
    kept = trained(FourSDrug(sets, 0), questions, task, epochs=8, rate=1e-2, seed=0, note="")
    assert accuracy(kept) > 0.9
    assert kept.parameters == sum(w.numel() for w in FourSDrug(sets, 0).parameters())


def test_safedrug_learns_the_same_through_molecules():
    task, questions, sets = planted()
    inchis = dict(zip(questions.drugs, [ASPIRIN, SALICYLATE, METHYL_SALICYLATE] * OF_EACH, strict=False))
    molecules = read_molecules(questions.drugs, {drug: inchis[drug] for drug in questions.drugs[:8]})
    torch.manual_seed(0)
    kept = trained(SafeDrug(sets, molecules, 0), questions, task, epochs=15, rate=1e-2, seed=0, note="")
    assert accuracy(kept) > 0.8


def test_what_is_learnt_from_answers_by_lot_is_nothing():
    task, questions, sets = planted()
    drawn = torch.Generator().manual_seed(1)
    lots = Questions(**{**vars(questions), "right": torch.randint(2, questions.right.shape, generator=drawn)})
    bare = Sets(sets.codes, sets.taught[:0], sets.drugs[:0])
    torch.manual_seed(0)
    kept = trained(FourSDrug(bare, 0), lots, task, epochs=6, rate=1e-2, seed=0, note="")
    assert 0.2 < accuracy(kept) < 0.8


def test_the_order_of_the_candidates_changes_no_score():
    _, questions, sets = planted()
    network = FourSDrug(sets, 0).eval()
    one = network.score(questions.disease, questions.drug, questions.text)
    other = network.score(questions.disease, questions.drug.flip(1), questions.text.flip(1))
    assert torch.equal(one, other.flip(1))


def test_molecules_share_substructures_and_what_cannot_be_read_is_known_as_such(tmp_path):
    path = tmp_path / "structures.tsv.gz"
    rows = [("a", ASPIRIN), ("b", SALICYLATE), ("c", "InChI=nonsense"), ("d", ""), ("e", ASPIRIN)]
    path.write_bytes(gzip.compress("\n".join(["id\tinchi", *map("\t".join, rows)]).encode()))
    found = read_molecules("abcdef", read_inchis(path))
    assert found.known.tolist() == [True, True, False, False, True, False]
    assert torch.equal(found.parts[0], found.parts[4])
    assert found.parts[0].sum() > 0
    assert not found.parts[2].any()
    assert sorted(set(found.owner.tolist())) == [0, 1, 4]


def test_a_table_of_structures_without_inchi_is_refused(tmp_path):
    (tmp_path / "bad.tsv").write_text("id\tsmiles\nx\tCCO\n")
    with pytest.raises(InputError, match="`inchi`"):
        read_inchis(tmp_path / "bad.tsv")


def examples(count: int, start: int = 0) -> list[Example]:
    """A name that stands in the source only once is to be written again."""
    found = []
    for number in range(start, start + count):
        name = f"drug{number}"
        found.append(Example(str(number), ("pain", ";", name, ";", "noted"), (name, "eases", "pain")))
    return found


def test_a_pointer_generator_copies_names_that_its_vocabulary_does_not_have():
    kept = pointer_generator(Material(examples(48), examples(6, start=100), 0, epochs=25))
    copied = [text.split()[:1] == [f"drug{pair_id}"] for pair_id, text in kept.texts.items()]
    assert sum(copied) >= 4
    assert all("eases" in text for text in kept.texts.values())


def test_the_chances_of_all_words_and_strangers_sum_to_one():
    torch.manual_seed(0)
    network = PointerGenerator(20)
    known = torch.randint(3, 20, (2, 7))
    source = Source(known, known.clone(), torch.ones(2, 7, dtype=torch.bool), 3)
    source.extended[:, 2] = 21
    state, read = network._begin(source)
    chances, attention, _, _ = network._step(source, read, state, torch.tensor([1, 1]))
    assert torch.allclose(chances.sum(dim=1), torch.ones(2), atol=1e-5)
    assert torch.allclose(attention.sum(dim=1), torch.ones(2), atol=1e-5)
    assert chances.shape == (2, 23)
    assert (chances[:, 21] > 0).all()


def test_biogpt_without_weights_says_so_and_learns_to_write(tmp_path):
    learnt = [Example(str(n), ("a", "b"), ("drug", "eases", "pain")) for n in range(32)]
    kept = biogpt(Material(learnt, learnt[:2], 0, epochs=12), str(tmp_path / "nowhere"))
    assert "from scratch" in kept.note
    assert set(kept.texts.values()) == {"drug eases pain"}


def test_words_are_numbered_by_how_often_they_stand():
    words = Words([["b", "a", "b"], ["c", "b", "a"]], most=6)
    assert words.numbers(["b", "a", "c"]) == [4, 5, Words.UNKNOWN]


def test_a_curated_path_becomes_sentences_and_a_bad_line_is_named(tmp_path):
    nodes = [{"id": "d", "name": "Aspirin"}, {"id": "p", "name": "COX-2"}, {"id": "i", "name": "Pain"}]
    links = [
        {"source": "d", "key": "decreases activity of", "target": "p"},
        {"source": "p", "key": "causes", "target": "i"},
    ]
    row = {"drug": {"id": "Compound::D"}, "disease": {"id": "Disease::I"}, "nodes": nodes, "links": links}
    path = tmp_path / "paths.jsonl"
    path.write_text(json.dumps(row) + "\n")
    found = mechanism_sentences(path)
    assert found == {("Compound::D", "Disease::I"): "Aspirin decreases activity of COX-2. COX-2 causes Pain."}
    path.write_text(json.dumps({**row, "links": [{"source": "x", "key": "k", "target": "p"}]}) + "\n")
    with pytest.raises(InputError, match="line 1"):
        mechanism_sentences(path)


def drug(group: int, number: int) -> str:
    return f"Compound::DB9{group}{number:03}"


def ill(group: int, number: int) -> str:
    return f"Disease::MESH:D9{group}{number:03}"


def triples() -> list[tuple[str, str, str]]:
    """Drugs of a group share a target, diseases of a group a gene and a symptom; most drugs treat most diseases."""
    rows = []
    for group in range(GROUPS):
        rows += [(drug(group, n), TARGET, f"Gene::{group}") for n in range(OF_EACH)]
        rows += [(ill(group, n), GENE_OF, f"Gene::{group}") for n in range(ILLS)]
        rows += [(ill(group, n), "Hetionet::DpS::Disease:Symptom", f"Symptom::D{group}") for n in range(ILLS)]
        rows += [(drug(group, n), TREATS, ill(group, m)) for n in range(OF_EACH) for m in range(ILLS) if (n + m) % 3]
    return rows


def graph_task() -> Task:
    """Pairs of the planted graph: a drug of the disease's group against one of the next."""
    rows = {True: [], False: []}
    for group in range(GROUPS):
        for number in range(ILLS):
            pair = [drug(group, (number + 1) % OF_EACH), drug((group + 1) % GROUPS, number % OF_EACH)]
            rows[number < 7].append((ill(group, number), pair[:: 1 if number % 2 else -1], 1 - number % 2))
    files = []
    for learnt, asked in rows.items():
        named = [
            Pair(id=f"{learnt}{n}", disease=Named(id=i), candidates=tuple(Named(id=d) for d in pair))
            for n, (i, pair, _) in enumerate(asked)
        ]
        known = {p.id: Scoring(answer=p.candidates[r].id) for p, (_, _, r) in zip(named, asked, strict=True)}
        files.append(Pairs(path="planted", sha256=str(learnt), questions=tuple(named), scoring=known))
    return Task("drkg", "planted", *files, {pair.id: pair.disease.id for pair in files[1].questions})


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """The planted graph with the edges of the pairs, and the same without them."""
    asked = graph_task().hidden
    found = []
    for name, rows in (("whole", triples()), ("bare", [r for r in triples() if frozenset((r[0], r[2])) not in asked])):
        folder = tmp_path_factory.mktemp(name)
        embedded(folder, rows)
        found.append(World(Settings(home=folder), TablesOptions(data=folder, settings=("none",)), folder / "out"))
    return found


@pytest.mark.parametrize("row", ["logistic", "trees", "gnn", "safedrug", "4sdrug"])
def test_a_row_answers_as_if_the_edges_of_the_pairs_had_never_been_loaded(worlds, row):
    task = graph_task()
    choose = next(one.choose for one in rows_of(worlds[0].options) if one.name == row)
    whole, bare = (choose(world, task, "none") for world in worlds)
    assert whole.outcomes == bare.outcomes
    assert [outcome.pair_id for outcome in whole.outcomes] == [pair.id for pair in task.test.questions]
    assert accuracy(whole) > 0.6


def test_medication_sets_hold_what_is_visible_and_nothing_that_is_hidden(worlds):
    task = graph_task()
    questions = questions_of(worlds[0], task, "none")
    hidden, shown = (sets_of(worlds[0], one, questions).drugs.sum() for one in (task, task.shown()))
    loaded = {frozenset((head, tail)) for head, relation, tail in triples() if relation == TREATS}
    assert shown - hidden == len(task.hidden & loaded) > 0
