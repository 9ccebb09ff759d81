"""MIMIC-III as pairs, on tables made here: what is mapped, what is split, and that nothing of a patient gets out."""

import gzip

import pytest
from graph_stores import TARGET, TREATS, embedded

from kedrec.errors import InputError
from kedrec.eval.tables.mimic.files import Prescription, read_diagnoses, read_prescriptions
from kedrec.eval.tables.mimic.mapping import Mapper, read_codes
from kedrec.eval.tables.mimic.pairs import mimic_task
from kedrec.graphdb.link_prediction.treatments import GraphFacts

ILL = "Disease::MESH:D006973"
METO, ATEN, LISI = "Compound::DB00264", "Compound::DB00335", "Compound::DB00722"
NAMES = [(ILL, "hypertension"), (METO, "Metoprolol"), (ATEN, "Atenolol"), (LISI, "Lisinopril")]
EDGES = [
    (METO, TREATS, ILL),
    (LISI, TREATS, ILL),
    (METO, TARGET, "Gene::153"),
    (ATEN, TARGET, "Gene::153"),
    (LISI, TARGET, "Gene::1636"),
]
SECRET = "Mrs Miller from Boston"
PATIENTS = range(70_001, 70_021)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return embedded(tmp_path_factory.mktemp("graph"), EDGES, NAMES)


@pytest.fixture
def folder(tmp_path):
    """Twenty patients with hypertension; half got metoprolol, half atenolol and something that no graph knows."""
    diagnoses = ["ROW_ID,SUBJECT_ID,HADM_ID,SEQ_NUM,ICD9_CODE"]
    given = ["row_id,subject_id,hadm_id,drug_type,drug,drug_name_generic,ndc"]
    for number in PATIENTS:
        diagnoses += [f"1,{number},{number}9,1,4019", f"2,{number},{number}9,2,E8888"]
        drug = "Metoprolol XL 25mg Tab" if number % 2 else "*NF* atenolol"
        given += [f"1,{number},{number}9,MAIN,{drug},,0", f"2,{number},{number}9,BASE,NS,,0"]
    given.append(f"3,{PATIENTS[0]},{PATIENTS[0]}9,MAIN,{SECRET},,0")
    (tmp_path / "DIAGNOSES_ICD.csv").write_text("\n".join(diagnoses))
    (tmp_path / "PRESCRIPTIONS.csv.gz").write_bytes(gzip.compress("\n".join(given).encode()))
    return tmp_path


def test_a_prescribed_drug_is_asked_against_a_similar_one_that_was_not(folder, store):
    task = mimic_task(folder, store, GraphFacts(store)).task
    asked = [*task.train.questions, *task.test.questions]
    assert len(asked) == len(PATIENTS) / 2  # those on atenolol: the graph does not list it for hypertension
    assert {frozenset(drug.id for drug in pair.candidates) for pair in asked} == {frozenset((METO, ATEN))}
    known = {**task.train.scoring, **task.test.scoring}
    assert {one.answer for one in known.values()} == {METO}
    assert {one.negative_kind for one in known.values()} == {"unlisted"}


def test_no_patient_is_in_both_parts(folder, store):
    task = mimic_task(folder, store, GraphFacts(store)).task
    learnt, asked = ({pair.id.split("-")[1] for pair in part.questions} for part in (task.train, task.test))
    assert learnt
    assert asked
    assert not learnt & asked
    assert set(task.groups.values()) == {f"patient {number}" for number in asked}


def test_nothing_of_a_patient_gets_out(folder, store):
    found = mimic_task(folder, store, GraphFacts(store))
    told = repr(found)
    assert SECRET not in told
    assert not [number for number in PATIENTS if f"{number}" in told]
    assert any("NS" in line for line in found.coverage)  # of twenty patients, so it is told


def test_coverage_counts_rows_and_lists_what_was_not_found(folder, store):
    mapper = Mapper(store)
    assert [mapper.disease(one) for one in read_diagnoses(folder)] == [ILL, None] * len(PATIENTS)
    drugs = [mapper.drug(one) for one in read_prescriptions(folder)]
    assert drugs.count(METO) == drugs.count(ATEN) == len(PATIENTS) / 2
    lines = list(mapper.lines())
    assert "20 of 40 rows (50%)" in lines[0]
    assert "E8888 (20)" in lines[0]


def prescribed(name: str, ndc: str) -> Prescription:
    return Prescription("1", "19", (name,), ndc, "MAIN")


def test_a_drug_whose_name_says_nothing_goes_by_a_code_that_stands_beside_known_names(store):
    mapper = Mapper(store)
    known = [prescribed("Metoprolol 50mg", "00378003201"), prescribed("metoprolol", "00378003210")]
    mapper.learn_codes([*known, prescribed("Atenolol", "00781107801")])
    assert mapper.drug(prescribed("Study drug", "00378003299")) == METO  # another package of the same product
    assert mapper.drug(prescribed("Study drug", "00781107801")) is None  # a single row teaches nothing
    assert mapper.drug(prescribed("Study drug", "0")) is None
    assert "1 of them by their national drug code" in mapper.prescriptions["MAIN"].line()


def test_a_code_that_stands_beside_different_drugs_tells_nothing(store):
    mapper = Mapper(store)
    mapper.learn_codes([prescribed(name, "00378003201") for name in ("metoprolol", "atenolol") * 3])
    assert mapper.drug(prescribed("Study drug", "00378003201")) is None


def test_a_table_of_codes_is_believed_and_one_without_its_columns_refused(store, tmp_path):
    path = tmp_path / "codes.tsv"
    path.write_text(f"ndc\tid\n0378-0032-01\t{METO}\n00378003201\t{METO}\n")
    mapper = Mapper(store, read_codes(path))
    assert mapper.drug(prescribed("Study drug", "378003201")) == METO  # leading zeros lost
    path.write_text("code\tid\n1\t2\n")
    with pytest.raises(InputError, match="`ndc` and `id`"):
        read_codes(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("row_id,subject_id\n1,2\n", "no column hadm_id and icd9_code"),
        (f"subject_id,hadm_id,icd9_code\n{SECRET}\n", "line 2: 1 columns"),
    ],
)
def test_a_bad_table_is_named_without_what_it_holds(tmp_path, content, expected):
    (tmp_path / "DIAGNOSES_ICD.csv").write_text(content)
    with pytest.raises(InputError, match=expected) as raised:
        list(read_diagnoses(tmp_path))
    assert SECRET not in str(raised.value)


def test_a_folder_without_the_tables_is_named(tmp_path):
    with pytest.raises(InputError, match="no PRESCRIPTIONS"):
        list(read_prescriptions(tmp_path))
