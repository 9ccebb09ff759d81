"""No drug is ever taken for one that looks or sounds like it; a slip of the fingers suggests the drug meant first."""

import random
from pathlib import Path

import pytest
from graph_stores import TREATS, embedded
from rapidfuzz.distance.DamerauLevenshtein import distance

from kedrec.graphdb.embedded.build import load_graph
from kedrec.graphdb.embedded.store import EmbeddedStore
from kedrec.graphdb.names.index import NameIndex
from kedrec.graphdb.names.normalize import fold
from kedrec.graphdb.names.resolver import Resolver
from kedrec.graphdb.names.similarity import BESIDE

TABLE = Path(__file__).with_name("lookalikes.tsv")
PAIRS = [tuple(line.split("\t")) for line in TABLE.read_text("utf-8").splitlines()[1:]]
NAMES = sorted({name for pair in PAIRS for name in pair})
OTHERS = ("Aspirin", "Warfarin", "Colchicine", "Nicotine")


def graph_of(names):
    ids = [f"Compound::{n}" for n in range(len(names))]
    places = {entity_id: place for place, entity_id in enumerate(ids)}
    return Resolver(ids, names, lambda _: (), places.get, NameIndex.build(ids, names, lambda _: ()))


def asked(graph, text, limit=3):
    return graph.resolve(text, None, limit, lambda _: True)


def spellings(name):
    return {name, name.upper(), name.lower(), name.title(), f"  {name} ", name.replace(" ", "-")}


def slips(name):
    """Every single slip: a letter left out, doubled, swapped with the next, or the key beside it hit."""
    found = set()
    for n, letter in enumerate(name):
        before, after = name[:n], name[n + 1 :]
        found |= {before + after, before + letter * 2 + after, before + after[:1] + letter + after[1:]}
        found |= {before + other + after for other in BESIDE.get(letter, ())}
    return sorted(found - {name})


def with_any_letter_wrong(name, chance):
    place = chance.randrange(len(name))
    return name[:place] + chance.choice("abcdefghijklmnopqrstuvwxyz") + name[place + 1 :]


def test_the_table_names_more_than_a_hundred_pairs_each_once():
    assert len({frozenset(map(str.lower, pair)) for pair in PAIRS}) == len(PAIRS) >= 103
    assert all(fold(one) != fold(other) for one, other in PAIRS)


@pytest.mark.parametrize("known", ["both", "the first", "the second", "neither"])
def test_a_look_alike_is_never_taken_for_the_other(known):
    for pair in PAIRS:
        here = {"both": pair, "the first": pair[:1], "the second": pair[1:], "neither": ()}[known]
        graph = graph_of([*OTHERS, *here])
        for name in pair:
            for spelling in spellings(name):
                match = asked(graph, spelling)
                if name in here:
                    assert (match.match in ("exact", "folded"), match.entity.name) == (True, name)
                else:
                    assert (match.match, match.entity) == ("none", None), (spelling, here)


def test_a_look_alike_is_never_taken_for_the_other_by_a_store(tmp_path):
    seconds = sorted({other for _, other in PAIRS})
    rows = [(f"Compound::{n}", name) for n, name in enumerate(seconds)]
    store = embedded(tmp_path, [(entity_id, TREATS, "Disease::1") for entity_id, _ in rows], rows)
    for name in NAMES:
        match = store.search(name)
        assert (match.match, match.entity and match.entity.name) == (
            ("exact", name) if name in seconds else ("none", None)
        )


def test_no_slip_in_a_name_of_the_table_makes_another_drug():
    graph, names = graph_of(NAMES), {fold(name) for name in NAMES}
    for name in NAMES:
        for slip in slips(name.lower()):
            match = asked(graph, slip, limit=0)
            assert (match.entity is None) == (fold(slip) not in names)
            assert match.entity is None or fold(match.entity.name) == fold(slip)


def test_a_slip_suggests_the_name_meant_first():
    graph, names = graph_of(NAMES), {fold(name) for name in NAMES}
    typed = [(slip, name) for name in NAMES for slip in slips(name.lower()) if fold(slip) not in names]
    typed = random.Random(1).sample(typed, 1500)
    first = [(slip, name, asked(graph, slip, 1).alternatives[0].name) for slip, name in typed]
    wrong = [(slip, name, other) for slip, name, other in first if other != name]
    assert len(wrong) <= 0.002 * len(typed), wrong
    assert all(distance(fold(slip), fold(other)) == 1 for slip, _, other in wrong)


@pytest.mark.parametrize(
    ("slip", "meant", "other"),
    [("prednisoone", "prednisone", "prednisolone"), ("clonidin", "clonidine", "clonixin"),
     ("cystwine", "cysteine", "cystine"), ("quiniine", "quinine", "quinidine"),
     ("wnnamycin", "annamycin", "kanamycin")],
)  # fmt: skip
def test_of_two_names_a_slip_away_the_commoner_slip_comes_first(slip, meant, other):
    found = asked(graph_of([other, meant]), slip).alternatives
    assert [alternative.name for alternative in found] == [meant, other]


@pytest.mark.real
@pytest.mark.parametrize("kind", ["Compound", "Disease"])
def test_a_slip_in_a_real_name_suggests_its_owner_first_among_all(real_data, tmp_path, kind):
    kg = real_data / "kg"
    load_graph([kg / "drkg_slice.tsv.gz"], kg / "entity_names.tsv.gz", tmp_path / "graph")
    store, chance = EmbeddedStore.open(tmp_path / "graph"), random.Random(3)
    owners = {}
    for place, name in enumerate(store.names):
        for text in (name, *store.synonyms(place)):
            owners.setdefault(fold(text), set()).add(store.ids[place])
    names = [n for i, n in zip(store.ids, store.names, strict=True) if i.startswith(kind) and i != n and len(n) > 4]
    right = total = 0
    for name in chance.sample(names, 400):
        for slip in [*chance.sample(slips(name.lower()), 4), with_any_letter_wrong(name.lower(), chance)]:
            match = store.search(slip)
            if match.entity is None and match.alternatives:
                total += 1
                right += match.alternatives[0].id in owners[fold(name)]
            else:
                assert {match.entity.id} <= owners.get(fold(slip), set()) | owners[fold(name)]
    assert total > 1000
    assert right / total >= 0.995
