"""Names of drugs and diseases are found as people write them, and ordinary words are not taken for names."""

import time

import pytest

from kedrec.records import Entity
from kedrec.tools.literature_tools import mentions, names_for_search
from kedrec.tools.text.cues.written_names import name_pattern
from kedrec.tools.text.mention_finder import MentionFinder
from kedrec.tools.text.tokens import fold, sentence_numbers, tokenise

NAMES = [
    ("Compound::DB1", "Acetylsalicylic acid", ("Aspirin", "Care")),
    ("Compound::DB2", "Ciclosporin", ()),
    ("Compound::DB3", "Diclofenac sodium", ()),
    ("Disease::D1", "Arthritis, Rheumatoid", ("RA", "rheumatoid arthritis (disorder)")),
    ("Disease::D2", "Diabetes mellitus", ("diabetes",)),
    ("Disease::D3", "Diabetes mellitus type 2", ("type 2 diabetes",)),
    ("Disease::D4", "Acute lymphoblastic leukemia", ("all",)),
    ("Disease::D5", "Breast Neoplasms", ()),
    ("Disease::D6", "kidney disease", ()),
    ("Disease::D7", "Wilson's disease", ()),
    ("Disease::D8", "hepatitis", ()),
    ("Disease::D9", "hepatitis", ()),
    ("Disease::D10", "s", ()),
    ("Disease::D11", "anaemia", ()),
    ("Disease::D12", "multiple sclerosis", ()),
]


@pytest.fixture(scope="module")
def finder():
    return MentionFinder(NAMES)


def ids(finder, text):
    return [mention.ids for mention in finder.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rheumatoid arthritis was treated.", "Disease::D1"),
        ("patients with RHEUMATOID ARTHRITIS", "Disease::D1"),
        ("carcinoma of the breast", "Disease::D5"),
        ("breast cancers", "Disease::D5"),
        ("mammary tumours", "Disease::D5"),
        ("renal diseases", "Disease::D6"),
        ("kidney disorder", "Disease::D6"),
        ("Wilson disease", "Disease::D7"),
        ("Wilson’s disease", "Disease::D7"),
        ("anemia", "Disease::D11"),
        ("cyclosporine", "Compound::DB2"),
        ("diclofenac", "Compound::DB3"),
    ],
)
def test_a_name_is_found_in_the_ways_it_is_written(finder, text, expected):
    assert ids(finder, text) == [(expected,)]


def test_a_longer_name_hides_those_inside_it(finder):
    assert ids(finder, "type 2 diabetes and diabetes") == [("Disease::D3",), ("Disease::D2",)]


def test_a_name_that_is_a_word_counts_in_capitals_only(finder):
    assert ids(finder, "all patients; we care for all of them's") == []
    assert ids(finder, "children with ALL") == [("Disease::D4",)]
    assert ids(finder, "ra in the text") == []


def test_a_shared_name_gives_all_its_owners(finder):
    assert ids(finder, "hepatitis") == [("Disease::D8", "Disease::D9")]


def test_offsets_cut_out_what_was_written(finder):
    text = "Why aspirin, and not Ciclosporin, for rheumatoid arthritis?"
    for mention in finder.find(text):
        assert text[mention.start : mention.end] == mention.surface
    assert [mention.kind for mention in finder.find(text)] == ["Compound", "Compound", "Disease"]


def test_an_abbreviation_counts_in_the_text_that_introduces_it_only(finder):
    stream = tokenise(["Multiple sclerosis (MS) is chronic. MS was treated.", "MS alone means nothing here."])
    table = finder.scan(stream)
    assert [int(stream.text_of()[place]) for place in table.first] == [0, 0, 0]
    assert {finder.ids[finder.owners[alias][0]] for alias in table.alias} == {"Disease::D12"}


def test_sentences_end_at_stops_and_lines_not_in_numbers():
    stream = tokenise(["Dose 2.5 mg. Then more\nA title", "Next text"])
    words = [stream.words[i] for i in stream.ids]
    sentence = sentence_numbers(stream)
    assert sentence[words.index("2.5")] == sentence[words.index("mg")] != sentence[words.index("Then")]
    assert sentence[words.index("more")] != sentence[words.index("title")] != sentence[words.index("Next")]


@pytest.mark.parametrize(
    ("one", "other"),
    [("tumours", "tumor"), ("Anaemia", "anemia"), ("thioguanine", "tioguanine"), ("biopsies", "biopsy")],
)
def test_spellings_of_a_word_fold_together(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "((((", "[" * 5000, "é" * 2000, "RA" * 3000, "\n\n\n", "1 2 3", "’s 's"]
)
def test_odd_texts_have_no_mentions_and_do_not_fail(finder, text):
    assert finder.find(text) == []


def test_no_names_find_nothing():
    assert MentionFinder([]).find("aspirin for anaemia") == []


def test_a_long_text_is_read_in_time(finder):
    began = time.perf_counter()
    found = finder.find("aspirin for type 2 diabetes, " * 20_000)
    assert len(found) == 40_000
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("an angiotensin II receptor blocker was given", False),
        ("angiotensin II was given", True),
        ("histamine H1 receptor antagonists", False),
        ("serotonin reuptake inhibitors and serotonin-reuptake", False),
        ("low molecular weight heparin (LMWH)", False),
        ("heparin, receptor studies", True),
        ("non-small cell lung cancer", False),
        ("small cell lung cancer", True),
        ("insulin receptor substrate, and insulin", True),
    ],
)
def test_part_of_a_longer_name_is_no_mention(text, named):
    names = ("angiotensin II", "histamine", "serotonin", "heparin", "insulin")
    drugs = [Entity(id=f"Compound::{name}", kind="Compound", name=name) for name in names]
    cancer = Entity(id="Disease::L", kind="Disease", name="small cell lung cancer")
    assert any(mentions(text, one) for one in (*drugs, cancer)) is named
    if "weight" not in text and "," not in text:
        found = MentionFinder([(one.id, one.name, ()) for one in (*drugs, cancer)]).find(text)
        assert bool(found) is named


@pytest.mark.parametrize(
    ("synonym", "text"),
    [
        ("Muscle", "a pain of the muscle"),
        ("Topical Analgesic", "Topical analgesics were given."),
        ("Pain Relief extra strength", "pain relief extra strength"),
        ("Prevent", "Does it prevent stroke?"),
    ],
)
def test_what_household_goods_are_called_names_no_drug_in_a_text(synonym, text):
    drug = Entity(id="Compound::M", kind="Compound", name="Menthol", synonyms=(synonym, "Biofreeze"))
    assert not mentions(text, drug)
    assert name_pattern(drug, text).search(text) is None, "nor in the sentences that tell a role"
    assert names_for_search(drug) == ("Menthol", "Biofreeze"), "nor is anything looked up by it"
    assert mentions("Biofreeze was given", drug)
    assert name_pattern(drug, "Biofreeze was given").search("Biofreeze was given")
    assert mentions("muscle", Entity(id="Compound::M", kind="Compound", name="Muscle"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Angioedema", "Lisinopril-induced angioedema: a case report"),
        ("Edema", "Amlodipine causes oedema of the ankles."),
        ("Oedema", "Amlodipine causes edema of the ankles."),
        ("Gastroesophageal reflux", "It worsens gastroesophageal reflux, and gastro-oesophageal reflux."),
        ("Anaemia", "It corrects anemia, and anaemia."),
        ("Iron-deficiency anemia", "iron deficiency anaemia; iron-deficient anemic people"),
        ("Leukemia", "leukaemia, or leukemic cells"),
        ("Anesthesia", "under anaesthesia"),
        ("Diarrhea", "diarrhoea"),
        ("Hyperoestrogenism", "hyperestrogenism"),
    ],
)
def test_the_name_of_a_disease_is_found_in_either_spelling(name, text):
    assert name_pattern(Entity(id="Disease::D", kind="Disease", name=name), text).search(text)
