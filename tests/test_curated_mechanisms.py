"""Curated mechanisms: how their files are read, and when a text names them."""

import gzip
import json

import pytest

from kedrec.errors import InputError
from kedrec.eval.rationale_measures.curated_mechanisms import CuratedNode, Protein, read_mechanisms
from kedrec.eval.rationale_measures.mechanism_hits import hits_of
from kedrec.eval.rationale_measures.name_patterns import folded, name_pattern, node_pattern, symbol_pattern
from kedrec.records import Answer, Edge, Entity, Evidence, Question, Recommendation, Sentence
from kedrec.tools.text.graph_sentences import edge_sentence, path_id

GOUT = Entity(id="Disease::MESH:D006073", kind="Disease", name="Gout")
LISPRO = Entity(id="Compound::DB1", kind="Compound", name="Insulin Lispro")
OTHER = Entity(id="Compound::DB2", kind="Compound", name="Flutamide")
HEADER = "uniprot\tentrez\tsymbol\tname\tother_symbols\n"
KIT = Protein(
    uniprot="P10721", entrez="3815", symbol="KIT", name="KIT proto-oncogene", other_symbols=("CD117", "C-Kit")
)
AR = Protein(uniprot="P10275", entrez="367", symbol="AR", name="androgen receptor")
INS = Protein(uniprot="P01308", entrez="3630", symbol="INS", name="insulin")
INSR = Protein(uniprot="P06213", entrez="3643", symbol="INSR", name="insulin receptor")


def path(**changes):
    nodes = [
        {"id": "MESH:X", "label": "Drug", "name": "Drug"},
        {"id": "UniProt:P10721", "label": "Protein", "name": "Mast/stem cell growth factor receptor Kit"},
        {"id": "GO:0006954", "label": "BiologicalProcess", "name": "inflammatory response"},
        {"id": "CL:1", "label": "Cell", "name": "mast cell"},
    ]
    return {"id": "1", "drug": {"id": "Compound::DB1"}, "disease": {"id": GOUT.id}, "nodes": nodes, "x": 1} | changes


def write(tmp_path, text, name="file"):
    made = tmp_path / name
    made.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return made


def test_paths_of_one_drug_and_disease_are_joined_and_proteins_get_their_names(tmp_path):
    lines = [json.dumps(path()), "", json.dumps(path(id="2")), json.dumps(path(drug={"id": "Compound::"}))]
    table = HEADER + "P10721\t3815\tKIT\tKIT proto-oncogene\tCD117|C-Kit\n"
    found = read_mechanisms(write(tmp_path, "\n".join(lines), "m.jsonl.gz"), write(tmp_path, table, "p.tsv"))
    assert list(found.nodes) == [("Compound::DB1", GOUT.id)]
    assert [(node.part, node.protein) for node in found.nodes["Compound::DB1", GOUT.id]] == [
        ("protein", KIT),
        ("process", None),
    ]
    assert (found.left_out, found.proteins) == (1, (KIT,))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("<html>no</html>", "line 1: not JSON"),
        (json.dumps(path()) + "\n[1]", "line 2: "),
        (json.dumps(path()) + "\n" + json.dumps({"id": 1}), "line 2: `drug`: Field required"),
        (json.dumps(path(nodes=[])), "line 1: `nodes`"),
        (json.dumps(path(nodes=[{"id": "x", "label": "Protein"}])), "line 1: `nodes.0.name`: Field required"),
    ],
)
def test_a_file_that_holds_no_paths_is_refused_and_says_where(tmp_path, text, said):
    with pytest.raises(InputError, match="Expected a path of DrugMechDB") as caught:
        read_mechanisms(write(tmp_path, text))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column uniprot and symbol"),
        ("uniprot,symbol\nP1,KIT\n", "line 1: no column"),
        ("uniprot\tname\nP1\tx\n", "line 1: no column symbol"),
        (HEADER + "P1\t1\tKIT\n", "line 2: 3 columns, the header has 5"),
        (HEADER + "P1\t1\tA\tb\t\n" + "P2\t1\t\tb\t\n", "line 3: the column symbol is empty"),
    ],
)
def test_a_table_that_holds_no_proteins_is_refused_and_says_where(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        read_mechanisms(write(tmp_path, json.dumps(path()), "m"), write(tmp_path, text, "p"))
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["none.jsonl", "cut.jsonl.gz"])
def test_a_file_that_is_missing_or_cut_is_refused(tmp_path, name):
    if name == "cut.jsonl.gz":
        (tmp_path / name).write_bytes(gzip.compress(json.dumps(path()).encode())[:-9])
    with pytest.raises(InputError, match="Expected a path of DrugMechDB"):
        read_mechanisms(tmp_path / name)


@pytest.mark.parametrize(
    ("symbol", "text", "named"),
    [
        ("KIT", "it blocks KIT.", True),
        ("KIT", "a test kit was used", False),
        ("KIT", "the kit gene", True),
        ("KIT", "KITLG", False),
        ("ACE", "an ace", False),
        ("ACE", "ACE-inhibitor", True),
        ("JAK1", "jak1", True),
        ("JAK1", "JAK12", False),
        ("IL-6", "IL6", True),
        ("IL6", "interleukin 6 (IL-6)", True),
        ("TNF-alpha", "TNF-α", True),
        ("AR", "AR", False),
    ],
)
def test_a_symbol_is_found_as_a_gene_and_not_as_a_word(symbol, text, named):
    pattern = symbol_pattern(symbol)
    assert (pattern is not None and bool(pattern.search(folded(text)))) is named


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("Beta-2 adrenergic receptor", "beta 2 adrenergic receptors", True),
        ("D(2) dopamine receptor", "the D(2) dopamine receptor", True),
        ("Renin", "renin", True),
        ("Renin", "prorenin", False),
        ("ACE", "an ace", False),
    ],
)
def test_a_name_is_found_as_whole_words_in_any_case(name, text, named):
    assert bool(name_pattern(name).search(folded(text))) is named


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("inflammatory response", "it lowers inflammation", True),
        ("prostaglandin biosynthetic process", "prostaglandin synthesis", True),
        ("prostaglandin biosynthetic process", "the synthesis of prostaglandins", True),
        ("prostaglandin biosynthetic process", "prostaglandins", False),
        ("apoptotic process", "apoptosis", True),
        ("bone resorption", "resorption of bone", True),
        ("histamine secretion involved in inflammatory response", "histamine secretion", True),
        ("Dopamine secretion, neurotransmission", "dopamine secretion", True),
        ("synaptic transmission, dopaminergic", "dopaminergic synaptic transmission", True),
        ("synaptic transmission, dopaminergic", "glutamatergic synaptic transmission", False),
        ("cell population proliferation", "cell proliferation", True),
        ("TNF signaling", "TNF signalling", True),
        ("translation", "translational", False),
    ],
)
def test_a_process_is_found_by_what_people_call_it(name, text, named):
    pattern = node_pattern(CuratedNode(id="GO:1", part="process", name=name))
    assert bool(pattern.search(folded(text))) is named


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Lipoproteins, LDL", "LDL lipoprotein"),
        ("Edema", "oedema"),
        ("Anemia", "anaemia"),
        ("Hemorrhage", "haemorrhage"),
    ],
)
def test_filed_names_and_british_spelling_are_found(name, text):
    assert node_pattern(CuratedNode(id="MESH:1", part="substance", name=name)).search(folded(text))


def protein(known):
    return CuratedNode(id=f"UniProt:{known.uniprot}", part="protein", name=known.name, protein=known)


def recommendation(*sentences, paths=(), answers=(), **more):
    names = {GOUT.id: "Gout", LISPRO.id: LISPRO.name, OTHER.id: OTHER.name, "Gene::367": "AR", "Gene::5": "ABC5"}
    names["Pharmacologic Class::1"] = "Decreased Coagulation"
    evidence = {}
    for number, triple in enumerate(paths, 1):
        edge = Edge(head=triple[0], relation=triple[1], tail=triple[2], source=triple[1].split(":")[0])
        text = edge_sentence(edge, lambda entity: names.get(entity, entity))
        about = tuple(end for end in (edge.head, edge.tail) if not end.startswith("Gene"))
        evidence[f"K{number}"] = Evidence(key=f"K{number}", source_id=path_id([edge]), text=text, about=about)
    evidence |= {key: Evidence(key=key, source_id=f"PMID:{key}", text=text) for key, text in more.items()}
    return Recommendation(
        disease=GOUT, candidates=(LISPRO, OTHER), setting="both", model="m", choice=LISPRO.id, abstained=None,
        confidence=0.9, sentences=tuple(sentences), answers=tuple(answers), evidence=evidence,
    )  # fmt: skip


def sentence(text, *keys, kind="mechanism"):
    return Sentence(text=text, citations=keys, kind=kind)


def test_evidence_answers_and_rationale_are_looked_at_apart():
    question = Question(key="mechanism", text="?", disease=GOUT.id, drug=OTHER.id)
    answers = [Answer(question=question, text="It lowers inflammation.", stance="supports", citations=("P1",))]
    made = recommendation(
        sentence("Flutamide helps.", "P1"), answers=answers, P1="The androgen receptor and inflammation."
    )
    process = CuratedNode(id="GO:0006954", part="process", name="inflammatory response")
    hits = hits_of(made, OTHER, [protein(AR), process])
    assert hits.curated == hits.evidence == {"protein", "process"}
    assert (hits.answers, hits.rationale) == ({"process"}, frozenset())


def test_a_short_symbol_counts_where_the_sentence_cites_a_path_through_the_gene():
    paths = [(OTHER.id, "DRUGBANK::target::Compound:Gene", "Gene::367")]
    made = recommendation(sentence("Flutamide targets AR (DrugBank).", "K1"), paths=paths)
    assert hits_of(made, OTHER, [protein(AR)]).rationale == {"protein"}
    uncited = recommendation(sentence("Flutamide targets AR.", "P1"), P1="Flutamide targets AR.")
    assert hits_of(uncited, OTHER, [protein(AR)]).rationale == frozenset()


def test_a_path_through_a_gene_that_the_graph_cannot_name_is_evidence_of_it():
    made = recommendation(sentence("x", "K1"), paths=[(OTHER.id, "DRUGBANK::target::Compound:Gene", "Gene::3815")])
    assert hits_of(made, OTHER, [protein(KIT)]).evidence == {"protein"}


def test_the_name_of_a_drug_names_no_protein():
    said = sentence("Insulin Lispro lowers glucose.", "P1")
    assert hits_of(recommendation(said, P1="x"), LISPRO, [protein(INS)]).rationale == frozenset()
    also = sentence("Insulin Lispro acts as insulin does, on the insulin receptor.", "P1")
    assert hits_of(recommendation(also, P1="x"), LISPRO, [protein(INS)]).rationale == {"protein"}
    assert hits_of(recommendation(also, P1="x"), LISPRO, [protein(INSR)]).rationale == {"protein"}


def test_a_process_that_the_graph_names_is_named_by_its_own_name():
    paths = [("Pharmacologic Class::1", "Hetionet::PCiC::Pharmacologic Class:Compound", OTHER.id)]
    made = recommendation(sentence("Decreased coagulation is an effect of Flutamide.", "K1"), paths=paths)
    process = CuratedNode(id="GO:1", part="process", name="coagulation")
    hits = hits_of(made, OTHER, [process])
    assert hits.evidence == hits.rationale == {"process"}


def test_precision_is_over_the_targets_that_mechanism_sentences_on_the_drug_name():
    target = "DRUGBANK::target::Compound:Gene"
    paths = [(OTHER.id, target, "Gene::367"), (OTHER.id, target, "Gene::5"), (LISPRO.id, target, "Gene::3643")]
    made = recommendation(
        sentence("Flutamide targets AR and ABC5 (DrugBank).", "K1", "K2"),
        sentence("Flutamide acts on the kit receptor.", "K1"),
        sentence("Flutamide and Insulin Lispro act on INSR.", "K3"),
        sentence("Flutamide spares CD117.", "K1", kind="safety"),
        paths=paths,
    )
    hits = hits_of(made, OTHER, [protein(AR)], (AR, KIT, INSR))
    assert (hits.right_targets, hits.targets) == (1, 3)
    assert hits_of(made, OTHER, [protein(INSR)], (AR, KIT, INSR)).of_the_drug == frozenset()


def test_a_sentence_without_a_drug_s_name_is_about_the_drug_of_its_evidence():
    paths = [(OTHER.id, "DRUGBANK::target::Compound:Gene", "Gene::367")]
    made = recommendation(sentence("It targets AR.", "K1"), paths=paths)
    assert hits_of(made, OTHER, [protein(AR)]).of_the_drug == {"protein"}


@pytest.mark.real
def test_the_curated_mechanisms_are_read_whole(real_data):
    folder = real_data / "mechanisms"
    found = read_mechanisms(folder / "drugmechdb_open.jsonl", folder / "protein_genes.tsv")
    assert (len(found.proteins), found.left_out) == (525, 1)
    nodes = [node for held in found.nodes.values() for node in held if node.part == "protein"]
    assert sum(node.protein is not None for node in nodes) > 0.85 * len(nodes)
    assert all(node_pattern(node) for node in nodes)
