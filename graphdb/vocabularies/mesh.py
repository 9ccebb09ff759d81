"""MeSH: descriptors and supplementary concept records, in the ASCII or in the XML form.

A record's entry terms may name narrower, broader or related things (a salt, a subtype, a brand): only terms that MeSH
itself marks as equivalent are synonyms here, so that no name leads to a different drug.

Source: https://www.nlm.nih.gov/mesh/filelist.html (courtesy of the U.S. National Library of Medicine);
format: https://www.nlm.nih.gov/mesh/dtype.html, https://www.nlm.nih.gov/mesh/xml_data_elements.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from kedrec.errors import InputError
from kedrec.graphdb.vocabularies.text import first_line, lines_of, opened

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["MeshRecord", "read_mesh"]

WHAT = "MeSH descriptors or supplementary concepts"
NEW = "*NEWRECORD"
EQUIVALENT = "EQV"
TERMS = ("PRINT ENTRY", "ENTRY", "SY")
NAMES = ("MH", "NM")
RECORDS = {"DescriptorRecord": "Descriptor", "SupplementalRecord": "SupplementalRecord"}
"""Elements of one record, and what the elements of its id and its name begin with."""
WORD = re.compile(r"[^\W_]+")

Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class MeshRecord:
    """One descriptor or supplementary concept."""

    ui: str
    """`D003424`, `C535338`."""
    name: str
    """Its heading."""
    synonyms: tuple[str, ...]
    """Equivalent terms."""
    trees: tuple[str, ...]
    """Tree numbers of a descriptor: `C06.405.205.731.500`."""
    headings: tuple[str, ...]
    """What a supplementary concept is mapped to: headings (ASCII) or ids (XML) of descriptors."""


def read_mesh(path: Path) -> Iterator[MeshRecord]:
    """Yield the records.

    Args:
        path: `d2025.bin`, `c2025.bin`, `desc2025.xml` or `supp2025.xml` of any year, plain, gzipped or zipped.

    Raises:
        InputError: it is no such file, is cut off, or a record does not fit; with its line's number where it has one.
    """
    start = first_line(path, WHAT)
    if start == NEW:
        return _read_ascii(path)
    if start.startswith("<"):
        return _read_xml(path)
    raise InputError(path, f"begins neither with {NEW} nor with XML; expected {WHAT}", 1)


def _read_ascii(path: Path) -> Iterator[MeshRecord]:
    begun, fields = 0, Fields()
    for number, line in lines_of(path, WHAT):
        if line.rstrip() == NEW:
            if begun:
                yield _ascii_record(path, begun, fields)
            begun, fields = number, {}
        elif line.strip():
            tag, equals, value = line.partition(" = ")
            if not equals and not line.endswith(" ="):
                raise InputError(path, f"{line[:60]!r} is no `ELEMENT = value`; the file may be cut off", number)
            fields.setdefault(tag, []).append(value.strip())
    yield _ascii_record(path, begun, fields)


def _ascii_record(path: Path, number: int, fields: Fields) -> MeshRecord:
    ui = fields.get("UI", [""])[0]
    name = next((fields[tag][0] for tag in NAMES if tag in fields), "")
    if not ui or not name:
        raise InputError(path, "a record without UI or name; the file may be cut off", number)
    headings = [text.lstrip("*").split("/")[0] for text in fields.get("HM", ())]
    # The equivalent terms: those marked so, and their permutations, which carry no mark of their own.
    entries = [_entry(text) for tag in TERMS for text in fields.get(tag, ())]
    marked = [term for term, relation in entries if relation == EQUIVALENT]
    other = {_words(term) for term, relation in entries if relation not in {EQUIVALENT, ""}}
    known = {_words(term) for term in [name, *marked]} - other
    permuted = [term for term, relation in entries if not relation and _words(term) in known]
    return MeshRecord(
        ui, name, tuple(dict.fromkeys([*marked, *permuted])), tuple(fields.get("MN", ())), tuple(headings)
    )


def _entry(text: str) -> tuple[str, str]:
    """Return the term of an entry and its relation to the record; empty where it has none.

    The last field of an entry says with one letter each what the others are: a the term, d the relation.
    """
    *values, letters = text.split("|")
    if not values:
        return text.strip(), ""
    place = letters.strip().find("d")
    return values[0].strip(), values[place].strip() if 0 <= place < len(values) else ""


def _words(term: str) -> tuple[str, ...]:
    """Return the words of a term in one order, so that a permutation or a plural of it is the same."""
    words = WORD.findall(term.casefold().replace("'s", "").replace("'", ""))
    return tuple(sorted(word[:-1] if len(word) > 4 and word.endswith("s") else word for word in words))


def _read_xml(path: Path) -> Iterator[MeshRecord]:
    found = False
    try:
        with opened(path, WHAT) as stream:
            for _, element in ElementTree.iterparse(stream):
                if element.tag in RECORDS:
                    found = True
                    yield _xml_record(path, element)
                    element.clear()
    except ElementTree.ParseError as error:
        raise InputError(path, f"not valid XML ({error}); fetch it again") from None
    if not found:
        raise InputError(path, f"has neither DescriptorRecord nor SupplementalRecord; expected {WHAT}")


def _xml_record(path: Path, record: Element) -> MeshRecord:
    begins = RECORDS[record.tag]
    ui, name = record.findtext(f"{begins}UI", "").strip(), record.findtext(f"{begins}Name/String", "").strip()
    if not ui or not name:
        raise InputError(path, f"a {record.tag} without {begins}UI or {begins}Name")
    terms = (
        term.text or "" for term in record.iterfind("ConceptList/Concept[@PreferredConceptYN='Y']/TermList/Term/String")
    )
    trees = (tree.text or "" for tree in record.iterfind("TreeNumberList/TreeNumber"))
    headings = (uid.text or "" for uid in record.iterfind(".//HeadingMappedTo/DescriptorReferredTo/DescriptorUI"))
    synonyms = dict.fromkeys(term.strip() for term in terms)
    synonyms.pop(name, None)
    return MeshRecord(ui, name, tuple(synonyms), tuple(trees), tuple(heading.lstrip("*") for heading in headings))
