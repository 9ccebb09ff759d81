"""From MIMIC-III's codes and names to the graph's: which were found, and which were not.

Diagnoses go by a short table of ICD-9-CM codes and disease names, the longest code that begins a diagnosis counting;
the names are looked up in the graph. Prescriptions go by name: as written, then without salt, strength and form; one
whose name says nothing goes by its national drug code, which a table has, or which stands beside known names elsewhere.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.distill.pairs.lines import content_of
from kedrec.errors import InputError
from kedrec.eval.tables.mimic.files import Diagnosis, Prescription

if TYPE_CHECKING:
    from kedrec.graphdb.store import GraphStore

__all__ = ["Coverage", "Mapper", "read_codes"]

SALTS = (
    "hydrochloride|hcl|sulfate|sodium|potassium|calcium|magnesium|tartrate|succinate|maleate|mesylate|besylate|acetate"
    "|citrate|phosphate|gluconate|chloride|bromide|fumarate|nitrate|mononitrate|dinitrate|carbonate|lactate|propionate"
)
FORMS = (
    "extended release|sustained release|delayed release|xl|xr|sr|er|cr|ec|iv|po|oral|susp|suspension|solution|syrup"
    "|inhaler|neb|nebulizer|nebs|mdi|tab|tablet|cap|capsule|ointment|cream|patch|gel|drops?|ophth|ophthalmic|topical"
    "|injection|nf|inj|desensitization|powder|liquid|elixir|enema|suppository|human|regular|nph|mini bag|replacement"
)
_STRENGTH = re.compile(r"\(.*?\)|\b[\d.,/%-]+\s*(mg|mcg|g|gm|ml|units?|meq|mmol|%)?(/[\w.]+)?\b|[*_-]+", re.I)
_FORM = re.compile(rf"\b({FORMS})\b", re.I)
_SALT = re.compile(rf"\b({SALTS})\b", re.I)
DIGITS, PRODUCT = 11, 9
"""Digits of a national drug code as MIMIC-III has it, and of its labeler and product; the last two are the package."""
LEAST_ROWS, AGREED = 2, 0.9
"""Rows that must name a product's drug, and the share of them that must agree."""
MOST_TOLD = 12
TOLD_OF = 2
"""Patients of whom a name must stand before it is told that it was not found: what is written once may be about one."""


@dataclass
class Coverage:
    """How much of one kind was found."""

    kind: str
    """What was looked up."""
    rows: int = 0
    """Rows of the table."""
    mapped: int = 0
    """Of which found in the graph."""
    names: set[str] = field(default_factory=set)
    """Different codes or names that were found."""
    missed: dict[str, set[str]] = field(default_factory=dict)
    """Those that were not, with the patients of whom they stand."""
    by_code: int = 0
    """Rows that were found by their national drug code alone."""

    def add(self, name: str, patient: str, found: str | None, *, by_code: bool = False) -> None:
        """Count a row."""
        self.rows += 1
        self.by_code += by_code
        if found:
            self.mapped += 1
            self.names.add(name)
        else:
            self.missed.setdefault(name, set()).add(patient)

    def line(self) -> str:
        """As a line for people."""
        total = len(self.names) + len(self.missed)
        share = self.mapped / self.rows if self.rows else 0.0
        counts = sorted(((len(patients), name) for name, patients in self.missed.items()), reverse=True)
        worst = ", ".join(f"{name} ({count})" for count, name in counts[:MOST_TOLD] if count >= TOLD_OF)
        told = f"; not found, with patients: {worst}" if worst else ""
        codes = f", {self.by_code:,} of them by their national drug code" if self.by_code else ""
        return (
            f"{self.kind}: {self.mapped:,} of {self.rows:,} rows ({share:.0%}){codes},"
            f" {len(self.names)} of {total}{told}"
        )


class Mapper:
    """Looks codes and names up in a graph, each once.

    Args:
        store: the graph.
        codes: national drug codes and their compounds, where a table of them is at hand.
    """

    def __init__(self, store: GraphStore, codes: Mapping[str, str] | None = None) -> None:
        self._store = store
        self._products = {product: drug for code, drug in (codes or {}).items() if (product := _product(code))}
        self._known: dict[tuple[str, str], str | None] = {}
        self.diagnoses = Coverage("diagnoses (ICD-9-CM)")
        self.prescriptions = {kind: Coverage(f"prescriptions, {kind.lower()}") for kind in ("MAIN", "BASE", "ADDITIVE")}

    @cached_property
    def _codes(self) -> dict[str, str]:
        lines = (files("kedrec.eval.tables.mimic") / "icd9_diseases.txt").read_text("utf-8").splitlines()
        return {code.replace(".", ""): name for code, name in (line.split("\t") for line in lines)}

    def disease(self, diagnosis: Diagnosis) -> str | None:
        """The disease that a diagnosis is of; None where the table or the graph does not have it."""
        code = diagnosis.code.strip().upper()
        begins = (code[:length] for length in range(len(code), 2, -1))
        name = next((self._codes[one] for one in begins if one in self._codes), None)
        found = self._found(name, "Disease") if name else None
        self.diagnoses.add(code, diagnosis.patient, found)
        return found

    def learn_codes(self, prescriptions: Iterable[Prescription]) -> None:
        """Learn what products national drug codes are of from the prescriptions whose names the graph knows.

        A product is taken where two rows or more name its drug, and nine in ten of them the same.
        """
        told = defaultdict[str, Counter[str]](Counter)
        for one in prescriptions:
            product, drug = _product(one.ndc), self._by_name(one)
            if product and drug:
                told[product][drug] += 1
        for product, counts in told.items():
            drug, rows = counts.most_common(1)[0]
            if rows >= LEAST_ROWS and rows >= AGREED * counts.total():
                self._products.setdefault(product, drug)

    def drug(self, prescription: Prescription) -> str | None:
        """The compound that was prescribed; None where the graph knows neither a name of it nor its code."""
        named = self._by_name(prescription)
        found = named or self._products.get(_product(prescription.ndc))
        coverage = self.prescriptions.setdefault(
            prescription.kind, Coverage(f"prescriptions, {prescription.kind.lower()}")
        )
        name = prescription.names[0] if prescription.names else "without a name"
        coverage.add(name, prescription.patient, found, by_code=bool(found and not named))
        return found

    def _by_name(self, prescription: Prescription) -> str | None:
        tries = (name for written in prescription.names for name in _simpler(written))
        return next((hit for name in tries if (hit := self._found(name, "Compound"))), None)

    def lines(self) -> Iterable[str]:
        """What was covered, kind by kind."""
        return [self.diagnoses.line(), *(one.line() for one in self.prescriptions.values() if one.rows)]

    def _found(self, name: str, kind: str) -> str | None:
        if (name, kind) not in self._known:
            match = self._store.search(name, (kind,), limit=1)
            self._known[name, kind] = match.entity.id if match.entity else None
        return self._known[name, kind]


def read_codes(path: Path | None) -> dict[str, str]:
    """National drug code -> compound id, of a tab-separated table `ndc id`; nothing where there is none.

    Raises:
        InputError: it has no columns `ndc` and `id`.
    """
    if path is None:
        return {}
    rows = csv.DictReader(content_of(path).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    if not {"ndc", "id"} <= set(rows.fieldnames or ()):
        raise InputError(path, "expected a tab-separated table with a header that has `ndc` and `id`.", 1)
    return {row["ndc"]: row["id"] for row in rows if row["ndc"] and row["id"]}


def _product(code: str) -> str:
    """Labeler and product of a national drug code, without the package; empty where it is none."""
    digits = code.replace("-", "").strip()
    whole = digits.isdigit() and int(digits) > 0 and len(digits) <= DIGITS
    return digits.zfill(DIGITS)[:PRODUCT] if whole else ""


def _simpler(name: str) -> Iterator[str]:
    """A name as written, and ever shorter."""
    yield from (name, _tidy(_STRENGTH.sub(" ", name)), _tidy(_FORM.sub(" ", _STRENGTH.sub(" ", name))))
    bare = _tidy(_SALT.sub(" ", _FORM.sub(" ", _STRENGTH.sub(" ", name))))
    if bare:
        yield bare


def _tidy(name: str) -> str:
    return " ".join(name.replace(",", " ").split())
