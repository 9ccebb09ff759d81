"""MIMIC-III as visits, on tables made here: order, what is learnt, what interacts, what is measured."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from graph_stores import TARGET, embedded

from kedrec.config import Settings
from kedrec.errors import UserError
from kedrec.eval.tables.baselines.molecules import read_molecules
from kedrec.eval.tables.mimic.mapping import Mapper
from kedrec.eval.tables.mimic.pyhealth_row import pyhealth_chances, told_of
from kedrec.eval.tables.mimic.visit_measures import interaction_rate, measured
from kedrec.eval.tables.mimic.visit_networks import FourSDrugVisits, SafeDrugVisits, trained_on_visits
from kedrec.eval.tables.mimic.visits import Visit, Visits, interactions_of, visits_of
from kedrec.eval.tables.mimic.visits_section import visit_steps, visits_section
from kedrec.eval.tables.options import TablesOptions
from kedrec.eval.tables.world import World

DDI = "DRUGBANK::ddi-interactor-in::Compound:Compound"
DRUGS = [f"Compound::DB0{number:04}" for number in range(6)]
NAMES = ["Metoprolol", "Warfarin", "Amiodarone", "Insulin", "Ramipril", "Digoxin"]
ILLS = ["4019", "42731", "25000"]
EDGES = [(DRUGS[1], DDI, DRUGS[2]), (DRUGS[0], TARGET, "Gene::1"), (DRUGS[3], TARGET, "Gene::2")]
ASPIRIN = "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    embedded(folder, EDGES, list(zip(DRUGS, NAMES, strict=True)))
    return folder


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Forty patients with one or two admissions; each of three illnesses goes with two drugs of its own.

    Half of those who come again have another illness then, the next one.
    """
    rows = {
        "DIAGNOSES_ICD": ["subject_id,hadm_id,icd9_code"],
        "PROCEDURES_ICD": ["subject_id,hadm_id,icd9_code"],
        "PRESCRIPTIONS": ["subject_id,hadm_id,drug_type,drug,ndc"],
        "ADMISSIONS": ["subject_id,hadm_id,admittime"],
    }
    for number in range(60_001, 60_041):
        for visit in range(1 + number % 2):
            ill, admission = (
                (number + visit * (number % 4 == 1)) % 3,
                f"{number}{9 - visit}",
            )  # the later admission has the lower number
            rows["ADMISSIONS"].append(f"{number},{admission},21{visit:02}-01-01 00:00:00")
            rows["DIAGNOSES_ICD"].append(f"{number},{admission},{ILLS[ill]}")
            rows["PROCEDURES_ICD"].append(f"{number},{admission},99{ill}1")
            for drug in NAMES[2 * ill : 2 * ill + 2]:
                rows["PRESCRIPTIONS"].append(f"{number},{admission},MAIN,{drug} 5mg,0")
            rows["PRESCRIPTIONS"].append(f"{number},{admission},BASE,Digoxin,0")
    folder = tmp_path_factory.mktemp("mimic")
    for name, lines in rows.items():
        (folder / f"{name}.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def visits(home, tables) -> Visits:
    store = World(Settings(home=home), TablesOptions(data=tables), home / "out").store
    return visits_of(tables, store, Mapper(store))


def test_visits_are_split_by_patient_and_hold_what_was_given(visits):
    learnt, asked = ({visit.patient for visit in part} for part in (visits.train, visits.test))
    assert learnt
    assert asked
    assert not learnt & asked
    assert learnt | asked == set(range(1, 41))
    assert len(learnt) == 28  # seven in ten
    assert len(visits.train) + len(visits.test) == 60
    assert {len(visit.drugs) for visit in visits.train} == {2}  # what drugs are dissolved in is left out
    assert visits.diagnoses == ("250", "401", "427")


def test_a_history_ends_with_the_visit_asked_and_never_holds_a_later_one(visits):
    histories = visits.histories(visits.train)
    assert [history[-1] for history in histories] == list(visits.train)
    place = {"401": 0, "427": 1, "250": 2}
    longer = [history for history in histories if len(history) == 2]
    assert all(first.patient == second.patient for first, second in longer)
    moves = {(place[min(second.diagnoses)] - place[min(first.diagnoses)]) % 3 for first, second in longer}
    assert moves == {0, 1}  # by time; by the number of the admission it would be 0 and 2


def test_interactions_are_those_of_the_graph_in_both_directions(visits):
    at = [visits.drugs.index(DRUGS[1]), visits.drugs.index(DRUGS[2])]
    assert visits.interacting.sum() == 2
    assert visits.interacting[at[0], at[1]] == visits.interacting[at[1], at[0]] == 1


def test_a_graph_without_interactions_says_so(tmp_path):
    embedded(tmp_path, EDGES[1:], list(zip(DRUGS, NAMES, strict=True)))
    store = World(Settings(home=tmp_path), TablesOptions(data=tmp_path), tmp_path / "out").store
    assert interactions_of(store, DRUGS) is None
    assert interaction_rate(np.ones((1, 6), np.float32), None) is None


def test_both_networks_learn_which_drugs_go_with_a_diagnosis(visits):
    molecules = read_molecules(visits.drugs, {visits.drugs[0]: ASPIRIN})
    learnt = [visit for visit in visits.train if visit.patient % 7]
    torch.manual_seed(0)
    for network, rate in ((FourSDrugVisits(visits, learnt), 2e-2), (SafeDrugVisits(visits, molecules), 1e-2)):
        torch.manual_seed(0)
        chances = trained_on_visits(network, 40, rate, 0)
        figures = measured(chances, visits.given(visits.test), [v.patient for v in visits.test], visits.interacting)
        assert figures["PRAUC"] > 0.9, type(network).__name__


def test_drugs_that_interact_cost_more_than_drugs_that_do_not(visits):
    network = FourSDrugVisits(visits, visits.train)
    chosen = torch.zeros(2, len(visits.drugs))
    for row, drugs in enumerate(((DRUGS[1], DRUGS[2]), (DRUGS[0], DRUGS[3]))):
        chosen[row, [visits.drugs.index(drug) for drug in drugs]] = 1
    assert network.interaction_loss(chosen[:1]) > network.interaction_loss(chosen[1:]) == 0


def test_measures_of_sets_are_what_their_definitions_say():
    given = np.array([[1, 1, 0, 0], [0, 0, 1, 0]], np.float32)
    chances = np.array([[0.9, 0.2, 0.8, 0.1], [0.1, 0.2, 0.9, 0.3]], np.float32)
    figures = measured(chances, given, [1, 2], np.eye(4, k=2, dtype=np.float32))
    assert figures["Jaccard"][0] == pytest.approx((1 / 3 + 1) / 2, abs=1e-4)
    assert figures["F1"][0] == pytest.approx((1 / 2 + 1) / 2, abs=1e-4)
    assert figures["PRAUC"] == pytest.approx(((1 + 2 / 3) / 2 + 1) / 2, abs=1e-4)
    assert figures["interacting pairs"] == 1  # the first and the third, the only two given together
    assert (figures["drugs a visit"], figures["drugs a visit as given"]) == (1.5, 1.5)


def test_what_a_patient_got_before_is_given_again(home, tables):
    world = World(Settings(home=home), TablesOptions(data=home, mimic=tables), home / "out")
    found = [(step, step.work()) for step in visit_steps(world) if step.name in ("visits-frequency", "visits-before")]
    often, before = (kept.figures["Jaccard"][0] for _, kept in found)
    assert before > often == 0  # each drug stands in a third of the visits, and is given from half of them on
    lines = visits_section(found).grid.lines
    assert [line[0].split()[0] for line in lines] == ["drugs", "the"]


def test_a_visit_keeps_no_id_of_patient_or_admission(visits):
    told = repr(visits)
    assert not [number for number in range(60_001, 60_041) if str(number) in told]
    assert isinstance(visits.train[0], Visit)


def test_pyhealth_is_told_columns_and_nothing_of_a_patient(visits):
    kept = [history[-1].patient % 7 == 0 for history in visits.histories(visits.train)]
    told = told_of(visits, {DRUGS[0]: ASPIRIN}, kept)
    assert told["interacting"] == [sorted((visits.drugs.index(DRUGS[1]), visits.drugs.index(DRUGS[2])))]
    assert told["inchis"][visits.drugs.index(DRUGS[0])] == ASPIRIN
    assert (len(told["learnt"]), len(told["kept"])) == (kept.count(False), kept.count(True))
    for one, visit in zip(told["asked"], visits.test, strict=True):
        assert set(one) == {"diagnoses", "procedures", "drugs"}
        assert {visits.drugs[place] for place in one["drugs"]} == visit.drugs & set(visits.drugs)


def test_pyhealth_is_asked_only_where_its_python_is_named(home, tables):
    options = TablesOptions(data=home, mimic=tables)
    names = [
        {step.name for step in visit_steps(World(Settings(home=home), made, home / "out"))}
        for made in (options, options.model_copy(update={"pyhealth": Path(sys.executable)}))
    ]
    assert names[1] - names[0] == {"visits-pyhealth"}


@pytest.mark.parametrize("python", [sys.executable, "/nowhere/python"])
def test_a_python_without_pyhealth_is_refused_with_its_reason(visits, python):
    with pytest.raises(UserError, match=r"No module named 'pyhealth'|/nowhere/python cannot be run"):
        pyhealth_chances(visits, {}, Path(python), {"seed": 0}, [False] * len(visits.train))
