"""Which diseases are kinds of which, read from files in the formats as published."""

import gzip
import time

import pytest

from kedrec.errors import InputError
from kedrec.graphdb.link_prediction.disease_ontology import Ontology, read_ontology

OBO = """\
format-version: 1.2
data-version: doid/releases/2025-01-31/doid.obo
ontology: doid

[Term]
id: DOID:4
name: disease

[Term]
id: DOID:0050589
name: inflammatory bowel disease
synonym: "IBD" EXACT []
xref: MESH:D015212
is_a: DOID:4 ! disease

[Term]
id: DOID:8778
name: Crohn's disease
alt_id: DOID:10952
xref: MESH:D003424
xref: MIM:266600 {source="x"}
is_a: DOID:0050589 {source="y"} ! inflammatory bowel disease

[Term]
id: DOID:0060189
name: ileitis
xref: MESH:D003424
is_a: DOID:8778 ! Crohn's disease

[Term]
id: DOID:8577
name: ulcerative colitis
xref: MESH:D003093
is_a: DOID:0050589 ! inflammatory bowel disease

[Term]
id: DOID:99
name: obsolete bowel disease
is_obsolete: true
is_a: DOID:8778

[Typedef]
id: has_symptom
name: has symptom
"""

MESH = """\
*NEWRECORD
RECTYPE = D
MH = Gastroenteritis
MN = C06.405.205
UI = D005759

*NEWRECORD
RECTYPE = D
MH = Inflammatory Bowel Diseases
MN = C06.405.205.731
MN = C06.405.469.432
UI = D015212

*NEWRECORD
RECTYPE = D
MH = Crohn Disease
MN = C06.405.205.731.500
MN = C06.405.469.432.500
UI = D003424

*NEWRECORD
RECTYPE = D
MH = Depression
MN = F01.145.126.350
UI = D003863

*NEWRECORD
RECTYPE = D
MH = Depressive Disorder
MN = F03.600.300
UI = D003866
"""

SUPPLEMENT = """\
*NEWRECORD
RECTYPE = C
NM = Pediatric Crohn disease
HM = *Crohn Disease
HM = Child/genetics
UI = C535338

*NEWRECORD
RECTYPE = C
NM = bevonium
HM = *Benzilates
UI = C000002
"""


def mesh(number):
    return f"Disease::MESH:{number}"


def doid(number):
    return f"Disease::DOID:{number}"


@pytest.fixture
def obo(tmp_path):
    path = tmp_path / "doid.obo"
    path.write_text(OBO, "utf-8")
    return path


@pytest.fixture
def descriptors(tmp_path):
    path = tmp_path / "d2025.bin"
    path.write_text(MESH, "utf-8")
    return path


def test_a_disease_is_found_under_its_mesh_and_omim_ids(obo):
    ontology = read_ontology(obo)
    bowel = {doid("0050589"), mesh("D015212"), doid("4")}
    for crohn in (doid("8778"), doid("10952"), mesh("D003424"), "Disease::OMIM:266600"):
        assert ontology.ancestors(crohn) == bowel
        assert ontology.descendants(crohn) == {doid("0060189")}
    assert ontology.related(mesh("D003424")) == bowel | {
        doid("8778"), doid("10952"), "Disease::OMIM:266600", doid("0060189")
    }  # fmt: skip


def test_an_id_that_two_terms_claim_belongs_to_the_more_general_one(obo):
    ontology = read_ontology(obo)
    assert mesh("D003424") in ontology.ancestors(doid("0060189"))
    assert mesh("D003424") not in ontology.same.get(doid("0060189"), ())


def test_an_id_that_siblings_claim_lies_below_both_and_relates_them_to_nothing_else(tmp_path):
    path = tmp_path / "siblings.obo"
    path.write_text(OBO.replace("xref: MESH:D003093", "xref: MESH:D003424"), "utf-8")
    ontology = read_ontology(path)
    assert {doid("8778"), doid("8577"), doid("4")} <= ontology.ancestors(mesh("D003424"))
    assert mesh("D003424") in ontology.descendants(doid("8577"))
    assert doid("8577") not in ontology.related(doid("8778"))


def test_siblings_and_obsolete_terms_are_not_related(obo):
    ontology = read_ontology(obo)
    assert not {doid("8577"), mesh("D003093"), doid("99")} & ontology.related(doid("8778"))
    assert ontology.related("Disease::MESH:D999999") == frozenset()


def test_mesh_relates_by_every_tree_of_diseases_and_only_by_these(descriptors):
    ontology = read_ontology(descriptors)
    assert ontology.ancestors(mesh("D003424")) == {mesh("D015212"), mesh("D005759")}
    assert ontology.descendants(mesh("D005759")) == {mesh("D015212"), mesh("D003424")}
    assert ontology.related(mesh("D003863")) == frozenset()


def test_supplementary_concepts_lie_below_the_headings_they_are_mapped_to(tmp_path, descriptors):
    supplement = tmp_path / "c2025.bin"
    supplement.write_text(SUPPLEMENT, "utf-8")
    ontology = read_ontology(descriptors, supplement)
    assert mesh("D003424") in ontology.ancestors(mesh("C535338"))
    assert mesh("C535338") in ontology.descendants(mesh("D015212"))
    assert ontology.related(mesh("C000002")) == frozenset()


def test_both_sources_together_say_what_either_says(obo, descriptors):
    ontology = read_ontology(obo, descriptors)
    assert {mesh("D005759"), doid("4")} <= ontology.ancestors(doid("0060189"))
    assert doid("0060189") in ontology.descendants(mesh("D005759"))


def test_circles_end(tmp_path):
    ring = {f"Disease::{n}": frozenset({f"Disease::{(n + 1) % 500}"}) for n in range(500)}
    begun = time.monotonic()
    ontology = Ontology(ring)
    assert len(ontology.related("Disease::7")) == 499
    assert "Disease::7" not in ontology.ancestors("Disease::7") | ontology.descendants("Disease::7")
    assert time.monotonic() - begun < 5
    path = tmp_path / "ring.obo"
    path.write_text(OBO + "\n[Term]\nid: DOID:5\nname: a\nis_a: DOID:6\n\n[Term]\nid: DOID:6\nname: b\nis_a: DOID:5\n")
    assert read_ontology(path).related(doid("5")) == {doid("6")}


def test_packed_files_are_read_and_others_are_refused(tmp_path, obo):
    packed = tmp_path / "doid.obo.gz"
    packed.write_bytes(gzip.compress(obo.read_bytes()))
    assert read_ontology(packed) == read_ontology(obo)
    other = tmp_path / "other.txt"
    other.write_text("nothing of the kind\n", "utf-8")
    for path in (other, tmp_path / "missing.obo", tmp_path):
        with pytest.raises(InputError):
            read_ontology(path)
