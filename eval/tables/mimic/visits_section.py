"""MIMIC-III in the form of its own, as steps and as a part of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from kedrec.eval.tables.baselines.plain import need
from kedrec.eval.tables.mimic.files import read_prescriptions
from kedrec.eval.tables.mimic.mapping import Mapper, read_codes
from kedrec.eval.tables.mimic.visit_measures import Table, measured
from kedrec.eval.tables.mimic.visits import Visits, visits_of
from kedrec.eval.tables.reporting.grid import Grid
from kedrec.eval.tables.reporting.write import ReportSection
from kedrec.eval.tables.steps import Kept, Step, Turn, code_of

if TYPE_CHECKING:
    from kedrec.eval.tables.world import World

__all__ = ["NDC", "visit_steps", "visits_section"]

NDC = "kg/ndc_compounds.tsv"
"""National drug codes and their compounds, where the data have a table of them."""
TITLES = {
    "frequency": "drugs that most visits have",
    "before": "the drugs of the patient's visit before; in a first visit as above",
    "safedrug": "SafeDrug",
    "4sdrug": "4SDrug",
    "pyhealth": "SafeDrug of PyHealth 1.1.6, as a check",
}
EPOCHS, RATE = 60, 2e-3
CODE = ("files", "mapping", "visits", "visit_measures", "visit_networks")
READ = ("safedrug", "four_s_drug", "drug_matcher", "molecules", "medication_sets")


def visit_steps(world: World) -> Iterator[Step]:
    """The steps; none where there is no MIMIC-III."""
    folder = world.options.mimic_folder
    if folder is None:
        return
    visits = cache(partial(_visits, world))
    code = code_of(*(f"mimic/{one}.py" for one in CODE), *(f"baselines/{one}.py" for one in READ))
    theirs = code_of("mimic/pyhealth_row.py", "mimic/pyhealth_program.py")
    for name in TITLES:
        if world.options.has_row(name) and (name != "pyhealth" or world.options.pyhealth):
            own, minutes = (code + theirs, 6.0) if name == "pyhealth" else (code, 1.0)
            key = world.key("visits", name, world.hashes["MIMIC-III"], world.hashes["molecules"], own)
            yield Step(f"visits-{name}", key, partial(_work, world, visits, name), minutes, Turn.NETWORKS)


def visits_section(found: Sequence[tuple[Step, Kept]]) -> ReportSection:
    """One line for each row."""
    names = list(found[0][1].figures)
    lines = [
        (TITLES[step.name.removeprefix("visits-")], *(_told(kept.figures[name]) for name in names),
         "–" if kept.parameters is None else f"{kept.parameters:,}")
        for step, kept in found
    ]  # fmt: skip
    text = (
        "The published task: which drugs a patient gets in a visit (an admission), from the diagnoses and procedures of"
        " this and earlier visits. Patients are split, intervals resample them, a drug is given from a chance of 0.5"
        " on; drugs are those of the graph and not classes, codes are categories, so that no figure is comparable with"
        " those published on the full set."
    )
    notes = list(
        dict.fromkeys(f"**{TITLES[step.name.removeprefix('visits-')]}**: {kept.note}." for step, kept in found)
    )
    grid = Grid(("row", *names, "parameters"), tuple(lines))
    return ReportSection("MIMIC-III: drugs of a visit", text, grid, "visits-mimic", notes)


def _visits(world: World) -> Visits:
    folder = world.options.mimic_folder
    assert folder is not None
    mapper = Mapper(world.store, read_codes(world.options.file(NDC)))
    mapper.learn_codes(read_prescriptions(folder))
    return visits_of(folder, world.store, mapper)


def _work(world: World, visits: Callable[[], Visits], name: str) -> Kept:
    held = visits()
    size: int | None = None
    if name in ("frequency", "before"):
        chances, note = _counted(held, name == "before"), "no learning beyond counting"
    else:
        chances, size, note = _network(world, held, name)
    patients = [visit.patient for visit in held.test]
    told = (
        f"{note}; {len(held.train):,} visits of {len({v.patient for v in held.train}):,} patients to learn from,"
        f" {len(held.test):,} of {len(set(patients)):,} asked; {len(held.drugs)} drugs"
    )
    interacting = "" if held.interacting is not None else "; the graph has no interactions"
    figures = measured(chances, held.given(held.test), patients, held.interacting)
    return Kept(figures=figures, parameters=size, note=told + interacting)


def _counted(visits: Visits, before: bool) -> Table:
    share = visits.given(visits.train).mean(axis=0)
    rows = []
    for history in visits.histories(visits.test):
        earlier = visits.given(history[-2:-1])
        rows.append(0.5 * earlier[0] + 0.49 * share if before and len(earlier) else share)
    return np.array(rows, np.float32)


def _network(world: World, visits: Visits, name: str) -> tuple[Table, int, str]:
    need(f"The row {name}", "torch", "rdkit")
    import torch

    from kedrec.eval.tables.baselines.molecules import read_inchis, read_molecules
    from kedrec.eval.tables.mimic.visit_networks import FourSDrugVisits, SafeDrugVisits, apart, trained_on_visits

    if name == "pyhealth":
        return _pyhealth(world, visits)
    torch.manual_seed(world.options.seed)
    network: FourSDrugVisits | SafeDrugVisits
    if name == "4sdrug":
        network = FourSDrugVisits(visits, [visit for visit in visits.train if not apart(visit)])
        note = "Tan et al. 2022; diagnoses in the place of symptoms"
    else:
        molecules = read_molecules(visits.drugs, read_inchis(world.options.file("kg/compound_structures.tsv.gz")))
        network = SafeDrugVisits(visits, molecules)
        note = f"Yang et al. 2021; molecules of {int(molecules.known.sum())} of the drugs, the others a learnt vector"
    chances = trained_on_visits(network, EPOCHS, RATE, world.options.seed)
    return chances, sum(weight.numel() for weight in network.parameters()), note


def _pyhealth(world: World, visits: Visits) -> tuple[Table, int, str]:
    from kedrec.eval.tables.baselines.molecules import read_inchis
    from kedrec.eval.tables.mimic.pyhealth_row import pyhealth_chances
    from kedrec.eval.tables.mimic.visit_networks import AT_ONCE, WIDTH, apart

    assert world.options.pyhealth is not None
    inchis = read_inchis(world.options.file("kg/compound_structures.tsv.gz"))
    alike = {"width": WIDTH, "epochs": EPOCHS, "rate": RATE, "at_once": AT_ONCE, "seed": world.options.seed}
    kept = [apart(history[-1]) for history in visits.histories(visits.train)]
    chances, size = pyhealth_chances(visits, inchis, world.options.pyhealth, alike, kept)
    return chances, size, "its own model and trainer on the same visits, structures and sizes"


def _told(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"
    return "–" if value is None else f"{value:.3g}"
