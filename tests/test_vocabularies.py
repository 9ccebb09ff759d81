"""Each vocabulary is read in the format it is published in, and names those ids of DRKG that it truly knows."""

import gzip
import io
import json
import tarfile
import time
import zipfile

import pytest
from file_server import serving

from kedrec.cli import main
from kedrec.errors import InputError
from kedrec.graphdb.drkg import sources
from kedrec.graphdb.drkg.fetch import Remote
from kedrec.graphdb.drkg.files import read_names
from kedrec.graphdb.drkg.sources import DataSource
from kedrec.graphdb.names.build_table import Vocabularies, name_entities, write_names
from kedrec.graphdb.names.find_groups import read_groups
from kedrec.graphdb.vocabularies.disease_ontology import read_disease_ontology
from kedrec.graphdb.vocabularies.drugbank import read_drugbank
from kedrec.graphdb.vocabularies.genes import read_genes
from kedrec.graphdb.vocabularies.hetionet import read_hetionet
from kedrec.graphdb.vocabularies.mesh import read_mesh

DRUGBANK = """\
DrugBank ID,Accession Numbers,Common name,CAS,UNII,Synonyms,Standard InChI Key
DB00215,APRD00682 | DB04846,Citalopram,59729-33-8,0DHU5B8D6V,Citadur | Citalopram | Nitalapram,WSEQXVZVJXJVFP
DB01175,APRD00683,Escitalopram,128196-01-0,4O4S742ANY,"(S)-Citalopram | 1-(3-(dimethylamino)propyl), ""S"" form",WSEQ
DB00107,,Oxytocin,50-56-6,1JQS135EYN,,
"""

MESH = """\
*NEWRECORD
RECTYPE = D
MH = Crohn Disease
AQ = BL CF CI
PRINT ENTRY = Colitis, Granulomatous|T047|NON|NRW|UNK (19XX)|740329|COLITIS GRANULOMATOUS|abcdefv
ENTRY = Crohn's Enteritis|T047|EPO|EQV|NLM (2000)|990101|abcdef
ENTRY = Regional Enteritis|T047|NON|EQV|OMIM (2013)|ORD (2010)|090615|abcdeef
ENTRY = Disease, Crohn
ENTRY = Crohns Enteritis
ENTRY = Granulomatous Colitis
MN = C06.405.205.731.500
MN = C06.405.469.432.500
AN =
UI = D003424

*NEWRECORD
RECTYPE = D
MH = Citalopram
PRINT ENTRY = Escitalopram|T109|T121|NON|NRW|NLM (2002)|010101|abbcdef
ENTRY = Cytalopram|T109|T121|NON|EQV|NLM (1991)|900101|abbcdef
ENTRY = Escitaloprams
MN = D02.626.320
UI = D015283
"""

SUPPLEMENT = """\
*NEWRECORD
RECTYPE = C
NM = D-2-hydroxyglutaric aciduria 1
SY = D2HGA1|T047|EQV|OMIM (2013)|ORD (2010)|090615|abdeef
SY = 2-hydroxyglutarate|T109|NRW|NLM|090615|abdef
HM = *Brain Diseases, Metabolic, Inborn
HM = Metabolism, Inborn Errors/genetics
UI = C535306
"""

XML = """\
<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20250101.dtd">
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord DescriptorClass="1">
  <DescriptorUI>D003424</DescriptorUI>
  <DescriptorName><String>Crohn Disease</String></DescriptorName>
  <AllowableQualifiersList><AllowableQualifier><QualifierReferredTo><QualifierUI>Q000097</QualifierUI>
  </QualifierReferredTo></AllowableQualifier></AllowableQualifiersList>
  <TreeNumberList><TreeNumber>C06.405.205.731.500</TreeNumber><TreeNumber>C06.405.469.432.500</TreeNumber></TreeNumberList>
  <ConceptList>
    <Concept PreferredConceptYN="Y"><ConceptUI>M0005244</ConceptUI>
      <TermList><Term><TermUI>T1</TermUI><String>Crohn Disease</String></Term>
        <Term><TermUI>T2</TermUI><String>Crohn's Enteritis</String></Term></TermList></Concept>
    <Concept PreferredConceptYN="N"><ConceptUI>M0005245</ConceptUI>
      <TermList><Term><TermUI>T3</TermUI><String>Granulomatous Colitis</String></Term></TermList></Concept>
  </ConceptList>
</DescriptorRecord>
</DescriptorRecordSet>
"""

XML_SUPPLEMENT = """\
<?xml version="1.0"?>
<SupplementalRecordSet LanguageCode="eng">
<SupplementalRecord SCRClass="3">
  <SupplementalRecordUI>C535306</SupplementalRecordUI>
  <SupplementalRecordName><String>D-2-hydroxyglutaric aciduria 1</String></SupplementalRecordName>
  <HeadingMappedToList><HeadingMappedTo><DescriptorReferredTo><DescriptorUI>*D020739</DescriptorUI>
    <DescriptorName><String>Brain Diseases, Metabolic, Inborn</String></DescriptorName></DescriptorReferredTo>
  </HeadingMappedTo></HeadingMappedToList>
  <PharmacologicalActionList><PharmacologicalAction><DescriptorReferredTo><DescriptorUI>D000894</DescriptorUI>
  </DescriptorReferredTo></PharmacologicalAction></PharmacologicalActionList>
  <ConceptList><Concept PreferredConceptYN="Y"><TermList><Term>
    <String>D2HGA1</String></Term></TermList></Concept></ConceptList>
</SupplementalRecord>
</SupplementalRecordSet>
"""

GENE_HEAD = (
    "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tchromosome\tmap_location\tdescription\ttype_of_gene\t"
    "Symbol_from_nomenclature_authority\tFull_name_from_nomenclature_authority\tNomenclature_status\t"
    "Other_designations\tModification_date\tFeature_type\n"
)


def gene_line(species, gene, symbol, synonyms, description):
    columns = [species, gene, symbol, "-", synonyms, "MIM:1", "6", "6p21.33", description, "protein-coding"]
    return "\t".join([*columns, symbol, description, "O", "-", "20251101", "-"]) + "\n"


GENES = (
    GENE_HEAD
    + gene_line("9606", "7124", "TNF", "DIF|TNFA", "tumor necrosis factor")
    + gene_line("9606", "7015", "TERT", "-", "telomerase reverse transcriptase")
    + gene_line("10090", "21926", "Tnf", "TNF-a", "tumor necrosis factor")
    + gene_line("99999", "5", "abc", "-", "-")
    + gene_line("9606", "100", "NEWENTRY", "-", "Record to support submission of GeneRIFs")
)

OBO = r"""format-version: 1.2

[Term]
id: DOID:8778
name: Crohn's disease
def: "An intestinal disease." [url:http\://example.org]
alt_id: DOID:10952
synonym: "Crohn disease" EXACT []
synonym: "a \"granulomatous\" colitis" EXACT [] {comment="x"}
synonym: "ileitis" NARROW []
xref: MESH:D003424
xref: MIM:266600
xref: UMLS_CUI:C0010346
is_a: DOID:0050589 ! inflammatory bowel disease

[Term]
id: DOID:1
name: joined one
xref: OMIM:100
xref: OMIM:200

[Term]
id: DOID:2
name: shared one
xref: OMIM:300

[Term]
id: DOID:3
name: shared other
xref: OMIM:300

[Term]
id: DOID:99
name: obsolete one
is_obsolete: true
"""

HETIONET = "id\tname\tkind\nSide Effect::C0000737\tAbdominal pain\tSide Effect\nGene::7124\tTNF old\tGene\n"


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(name, content):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr(name, content)
    return memory.getvalue()


@pytest.mark.parametrize(
    "pack", [str.encode, lambda text: gzip.compress(text.encode()), lambda t: zipped("drugs.csv", t)]
)
def test_drugbank_gives_names_synonyms_and_former_ids(tmp_path, pack):
    drugs = list(read_drugbank(written(tmp_path / "vocabulary", pack(DRUGBANK))))
    assert [(drug.id, drug.name) for drug in drugs] == [
        ("DB00215", "Citalopram"), ("DB01175", "Escitalopram"), ("DB00107", "Oxytocin")
    ]  # fmt: skip
    assert drugs[0].synonyms == ("Citadur", "Citalopram", "Nitalapram") and drugs[0].other_ids == ("DB04846",)
    assert drugs[1].synonyms == ("(S)-Citalopram", '1-(3-(dimethylamino)propyl), "S" form')
    assert (drugs[2].synonyms, drugs[2].other_ids) == ((), ())


def test_mesh_gives_only_equivalent_terms_and_their_permutations(tmp_path):
    crohn, citalopram = read_mesh(written(tmp_path / "d2025.bin", MESH))
    assert (crohn.ui, crohn.name) == ("D003424", "Crohn Disease")
    assert crohn.synonyms == ("Crohn's Enteritis", "Regional Enteritis", "Disease, Crohn", "Crohns Enteritis")
    assert crohn.trees == ("C06.405.205.731.500", "C06.405.469.432.500")
    assert citalopram.synonyms == ("Cytalopram",)


def test_mesh_xml_says_what_the_ascii_form_says(tmp_path):
    (crohn,) = read_mesh(written(tmp_path / "desc2025.gz", gzip.compress(XML.encode())))
    assert (crohn.ui, crohn.name, crohn.synonyms) == ("D003424", "Crohn Disease", ("Crohn's Enteritis",))
    assert crohn.trees == ("C06.405.205.731.500", "C06.405.469.432.500")


def test_supplementary_concepts_know_the_headings_they_are_mapped_to(tmp_path):
    (ascii_form,) = read_mesh(written(tmp_path / "c2025.bin", SUPPLEMENT))
    (xml_form,) = read_mesh(written(tmp_path / "supp2025.xml", XML_SUPPLEMENT))
    assert ascii_form.synonyms == xml_form.synonyms == ("D2HGA1",)
    assert ascii_form.headings == ("Brain Diseases, Metabolic, Inborn", "Metabolism, Inborn Errors")
    assert xml_form.headings == ("D020739",)


def test_genes_of_other_species_carry_theirs_in_every_name(tmp_path):
    genes = {gene.id: (gene.name, gene.synonyms) for gene in read_genes(written(tmp_path / "gene_info", GENES))}
    assert genes == {
        "7124": ("TNF", ("DIF", "TNFA", "tumor necrosis factor")),
        "7015": ("TERT", ("telomerase reverse transcriptase",)),
        "21926": ("Tnf (mouse)", ("TNF-a (mouse)", "tumor necrosis factor (mouse)")),
        "5": ("abc (taxon 99999)", ()),
    }


def test_the_disease_ontology_gives_exact_synonyms_and_ids_elsewhere(tmp_path):
    terms = list(read_disease_ontology(written(tmp_path / "doid.obo", OBO)))
    assert [term.id for term in terms] == ["DOID:8778", "DOID:1", "DOID:2", "DOID:3"]
    assert terms[0].synonyms == ("Crohn disease", 'a "granulomatous" colitis')
    assert terms[0].xrefs == ("MESH:D003424", "OMIM:266600")
    assert (terms[0].other_ids, terms[0].parents) == (("DOID:10952",), ("DOID:0050589",))


def test_hetionet_names_whole_ids(tmp_path):
    nodes = list(read_hetionet(written(tmp_path / "nodes.tsv", HETIONET)))
    assert [(node.id, node.name) for node in nodes] == [
        ("Side Effect::C0000737", "Abdominal pain"), ("Gene::7124", "TNF old")
    ]  # fmt: skip


READERS = {
    "drugbank": read_drugbank, "mesh": read_mesh, "genes": read_genes, "do": read_disease_ontology, "het": read_hetionet
}  # fmt: skip
PAGE = "<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n"


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    "content", ["", "\n\n", PAGE, b"\xff\xfe\x00 \x00", gzip.compress(MESH.encode())[:-20], b"PK\x03\x04 no archive"]
)
def test_what_is_no_vocabulary_is_refused(tmp_path, reader, content):
    path = written(tmp_path / "file", content)
    with pytest.raises(InputError, match=str(path)):
        list(reader(path))


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_missing_files_and_folders_are_told(tmp_path, reader):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(InputError, match=str(path)):
            list(reader(path))


@pytest.mark.parametrize(
    ("reader", "content", "told"),
    [
        (read_drugbank, DRUGBANK + "DB1,,x\n", "line 5: 3 columns where 7"),
        (read_drugbank, DRUGBANK + 'DB1,,"x\n', "line 5"),
        (read_drugbank, DRUGBANK.replace(",Oxytocin,", ",,"), "line 4: a drug without"),
        (read_drugbank, DRUGBANK.replace("Common name", "Name"), "no column 'Common name'"),
        (read_drugbank, zipped("a.csv", DRUGBANK)[:-40], "damaged"),
        (read_mesh, MESH.replace("UI = D015283\n", ""), "line 16: a record without UI"),
        (read_mesh, MESH + "\n*NEWRECORD\nRECTYPE = D\nMH = Cut of", "without UI"),
        (read_mesh, MESH + "UI", "no `ELEMENT = value`"),
        (read_mesh, XML[:-40], "not valid XML"),
        (read_mesh, XML.replace("DescriptorName", "Descriptor"), "without DescriptorUI or DescriptorName"),
        (read_mesh, '<?xml version="1.0"?><QualifierRecordSet/>', "neither DescriptorRecord nor"),
        (read_genes, GENES + "9606\t1\tA1BG", "line 7: 3 columns where 16"),
        (read_genes, GENES.replace("Symbol\tLocus", "Name\tLocus"), "no column 'Symbol'"),
        (read_disease_ontology, OBO.replace("name: shared one\n", ""), "a term without"),
        (read_disease_ontology, OBO + "is_a", "no `tag: value`"),
        (read_hetionet, HETIONET + "Gene::1\tA1BG\n", "line 4"),
        (read_hetionet, "name\tid\tkind\n", "first line"),
        (read_hetionet, b"id\tname\tkind\nGene::1\t" + b"x" * (5 << 20), "over 4,194,304 bytes"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path, reader, content, told):
    with pytest.raises(InputError, match=told):
        list(reader(written(tmp_path / "file", content)))


@pytest.fixture
def vocabularies(tmp_path):
    contents = {"drugbank": DRUGBANK, "mesh": MESH, "genes": GENES, "do": OBO, "hetionet": HETIONET}
    files = {name: (written(tmp_path / name, content),) for name, content in contents.items()}
    files["mesh"] += (written(tmp_path / "supplement", SUPPLEMENT),)
    return Vocabularies(**files)


def names_of(vocabularies, *ids):
    names, _ = name_entities(ids, vocabularies)
    return {one: name for one, (name, _) in names.items()}


def test_every_form_of_id_is_named_by_the_vocabulary_it_comes_from(vocabularies):
    expected = {
        "Compound::DB00215": "Citalopram",
        "Compound::DB04846": "Citalopram",
        "Compound::MESH:D015283": "Citalopram",
        "Compound::DB01175": "Escitalopram",
        "Disease::MESH:D003424": "Crohn Disease",
        "Disease::MESH:C535306": "D-2-hydroxyglutaric aciduria 1",
        "Disease::DOID:8778": "Crohn's disease",
        "Disease::OMIM:266600": "Crohn's disease",
        "Symptom::D003424": "Crohn Disease",
        "Gene::7124": "TNF",
        "Gene::7124;7015": "TNF;TERT",
        "Gene::21926": "Tnf (mouse)",
        "Side Effect::C0000737": "Abdominal pain",
    }
    unknown = ["Gene::7124;4", "Compound::pubchem:1", "Compound::CHEBI:1", "Disease::MESH:D1", "Disease::SARS-CoV2 E"]
    assert names_of(vocabularies, *expected, *unknown) == expected


def test_an_id_that_stands_for_a_part_or_for_several_terms_is_not_named_after_one(vocabularies):
    assert names_of(vocabularies, "Disease::OMIM:100", "Disease::OMIM:200", "Disease::OMIM:300") == {}


def test_without_mesh_the_disease_ontology_names_by_its_own_cross_references(vocabularies):
    only = Vocabularies(do=vocabularies.do)
    assert names_of(only, "Disease::MESH:D003424") == {"Disease::MESH:D003424": "Crohn's disease"}


def test_former_ids_and_sole_ids_elsewhere_are_written_as_groups_that_a_load_takes(tmp_path):
    do = written(tmp_path / "doid.obo", OBO)
    drugs = "DrugBank ID,Accession Numbers,Common name\nDB70001,DB70001 | DB70009,Alfasol\nDB70002,DB70002,Betasol\n"
    drugbank = written(tmp_path / "drugs.csv", drugs)
    former = ("Compound::DB70001", "Compound::DB70009")
    crohn = ("Disease::MESH:D003424", "Disease::DOID:10952", "Disease::DOID:8778", "Disease::OMIM:266600")
    apart = {"Disease::DOID:1", "Disease::OMIM:100", "Disease::OMIM:200", "Disease::OMIM:300", "Disease::DOID:2"}
    ids = {*former, *crohn, *apart, "Compound::DB70002"}
    report = write_names(ids, Vocabularies(drugbank=(drugbank,), do=(do,)), tmp_path / "own.tsv")
    assert report.groups == 2
    assert read_groups(tmp_path / "own.groups.tsv").groups == (former, crohn)


def test_the_names_file_is_one_that_the_graph_takes(vocabularies, tmp_path):
    out = tmp_path / "new" / "names.tsv"
    report = write_names({"Gene::7124", "Compound::DB01175", "Gene::0"}, vocabularies, out)
    assert report.model_dump() == {
        "entities": 3, "named": 2, "kinds": {"Compound": 1, "Gene": 1},
        "sources": {"drugbank": 1, "mesh": 0, "genes": 1, "do": 0, "hetionet": 0}, "groups": 0,
    }  # fmt: skip
    names = read_names(out)
    assert names.names == {"Compound::DB01175": "Escitalopram", "Gene::7124": "TNF"}
    assert names.synonyms["Gene::7124"] == ("DIF", "TNFA", "tumor necrosis factor")


def test_tabs_and_bars_of_a_vocabulary_do_not_break_the_names_file(tmp_path):
    drugs = 'DrugBank ID,Common name,Synonyms\nDB1,"one\ttwo\nthree",a|b | c\n'
    out = tmp_path / "names.tsv"
    write_names(["Compound::DB1"], Vocabularies(drugbank=(written(tmp_path / "d", drugs),)), out)
    names = read_names(out)
    assert (names.names, names.synonyms) == ({"Compound::DB1": "one two three"}, {"Compound::DB1": ("c",)})


def test_naming_takes_time_by_the_number_of_ids_and_not_by_its_square(tmp_path):
    rows = "".join(f"Gene::{n}\tG{n}\tGene\n" for n in range(60_000))
    nodes = written(tmp_path / "nodes.tsv", "id\tname\tkind\n" + rows)
    begun = time.process_time()
    names, _ = name_entities([f"Gene::{n}" for n in range(60_000)], Vocabularies(hetionet=(nodes,)))
    assert len(names) == 60_000 and time.process_time() - begun < 5


TRIPLES = (
    "Compound::DB00215\tDRUGBANK::treats::Compound:Disease\tDisease::MESH:D003424\n"
    "Gene::7124;7015\tHetionet::GiG::Gene:Gene\tGene::9\n"
)


def archive_of(triples):
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as out:
        info = tarfile.TarInfo("./drkg.tsv")
        info.size = len(triples)
        out.addfile(info, io.BytesIO(triples.encode()))
    return memory.getvalue()


@pytest.fixture
def published(monkeypatch):
    """DRKG and the vocabularies on servers of our own, DrugBank's refusing."""
    contents = {"mesh": MESH, "genes": gzip.compress(GENES.encode()), "do": OBO, "hetionet": HETIONET}
    with serving(archive_of(TRIPLES)) as drkg, serving(b"", faults=[403] * 99) as drugbank:
        servers = {name: serving(text if isinstance(text, bytes) else text.encode()) for name, text in contents.items()}
        running = {name: server.__enter__() for name, server in servers.items()} | {"drkg": drkg, "drugbank": drugbank}
        moved = {
            name: DataSource(
                name, source.what, (Remote(source.files[0].name, (running[name].address,)),), "page", "terms"
            )
            for name, source in sources.SOURCES.items()
        }
        monkeypatch.setattr(sources, "SOURCES", moved)
        monkeypatch.setattr(sources, "VOCABULARIES", tuple(moved[source.name] for source in sources.VOCABULARIES))
        monkeypatch.setattr("kedrec.graphdb.names.build_table.VOCABULARIES", sources.VOCABULARIES)
        yield running
        for server in servers.values():
            server.__exit__(None, None, None)


def run(capsys, *argv):
    with pytest.raises(SystemExit) as done:
        main(["graph", *map(str, argv)])
    out, err = capsys.readouterr()
    return done.value.code, out, err


def test_one_word_fetches_names_and_loads_drkg(published, home, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "load", "drkg")
    assert code == 0 and "4 entities and 2 triples" in err and "403" in err and "--from FILE" in err
    code, out, _ = run(capsys, "show", "crohn disease", "--json")
    assert (code, json.loads(out)["entity"]["id"]) == (0, "Disease::MESH:D003424")
    asked = {name: len(server.requests) for name, server in published.items()}
    drugs = written(tmp_path / "drugs.csv", DRUGBANK)
    assert run(capsys, "fetch", "drugbank", "--from", drugs)[0] == 0
    assert run(capsys, "load", "drkg")[0] == 0
    assert run(capsys, "show", "citalopram")[0] == 0
    assert {name: len(server.requests) for name, server in published.items()} == asked


def test_fetching_tells_the_next_command_and_the_hashes(published, home, capsys):
    code, out, err = run(capsys, "fetch", "drkg", "--json")
    assert code == 0 and "Next: kedrec graph load drkg" in err
    (file,) = json.loads(out)["files"]
    assert file["size"] == len(published["drkg"].content) and len(file["sha256"]) == 64
    assert (home / "sources" / "drkg" / "files" / "drkg.tsv").read_text() == TRIPLES
    code, out, err = run(capsys, "fetch", "drugbank", "do", "--json")
    assert code == 1 and [("error" in file) for file in json.loads(out)["files"]] == [True, False]


def test_what_cannot_be_fetched_is_told_in_one_line(published, home, capsys):
    for argv in (["nothing"], ["drkg", "do", "--from", "x"], ["do", "--address", "a", "--address", "b"]):
        code, out, err = run(capsys, "fetch", *argv)
        assert (code, out, err.count("\n")) == (2, "", 1)
    published["drkg"].faults = [404]
    assert run(capsys, "load", "drkg")[0] == 1
    assert run(capsys, "info")[0] == 2


@pytest.mark.parametrize("by_setting", [True, False])
def test_a_mirror_takes_the_place_of_the_published_address(published, home, capsys, monkeypatch, by_setting):
    with serving(archive_of(TRIPLES)) as mirror:
        if by_setting:
            monkeypatch.setenv("KEDREC_DRKG_ADDRESS", mirror.address)
        flag = [] if by_setting else ["--address", mirror.address]
        assert run(capsys, "fetch", "drkg", *flag)[0] == 0
    assert len(mirror.requests) == 1 and published["drkg"].requests == []


def test_names_of_a_graph_come_from_files_of_ones_own(home, capsys, tmp_path, vocabularies):
    graph = written(tmp_path / "graph.tsv", TRIPLES)
    out = tmp_path / "names.tsv"
    argv = [
        "names",
        graph,
        "--drugbank",
        *vocabularies.drugbank,
        "--genes",
        *vocabularies.genes,
        "--out",
        out,
        "--json",
    ]
    code, printed, err = run(capsys, *argv)
    assert code == 0 and json.loads(printed)["named"] == 2 and "2 of 4 entities named" in err
    assert set(read_names(out).ids) == {"Compound::DB00215", "Gene::7124;7015"}
    assert run(capsys, "names")[0] == 2
