"""What is asked for a pair: the names that the graph has for the two, and nothing that also means something else."""

from __future__ import annotations

from dataclasses import dataclass

from kedrec.errors import UnknownEntity, UserError
from kedrec.graphdb.store import GraphStore
from kedrec.records import Entity
from kedrec.tools.sources import dates
from kedrec.tools.text.surface_forms import ORDINARY_DISEASE, ORDINARY_DRUG

__all__ = ["DateSpan", "Terms", "pubmed_query", "terms_of", "trials_fields"]

SHORTEST = 4
"""Characters; a shorter synonym means too many other things."""
LONGEST = 80
"""Characters of the longest synonym that is looked for; longer ones are chemists' formulas."""
ORDINARY = ORDINARY_DRUG | ORDINARY_DISEASE
"""Synonyms that texts use as ordinary words."""
ROOM = 1200
"""Characters of all names of one entity."""


@dataclass(frozen=True)
class Terms:
    """The names of a drug or a disease."""

    entity: Entity
    """Whose they are."""
    names: tuple[str, ...]
    """The preferred name first, then synonyms, short ones first: long ones are brands by pack and dose."""
    left_out: int
    """Synonyms that are not looked for: too short, too many, ordinary words, or names of something else as well."""


@dataclass(frozen=True)
class DateSpan:
    """The dates that are asked for, as exact as they were given: `2015-06-30`, `2015-06` or `2015`."""

    since: str | None = None
    """From the first day that it may mean."""
    until: str | None = None
    """To the last day that it may mean."""

    @classmethod
    def of(cls, since: str | None, until: str | None) -> DateSpan:
        """Read dates as people write them.

        Raises:
            UserError: one is no date, or the first is later than the last.
        """
        read = cls(_date(since), _date(until))
        first, last = read.days("0", "9")
        if first > last:
            raise UserError(f"nothing lies between {since} and {until}; --since is the first day, --until the last")
        return read

    def days(self, earliest: str, latest: str) -> tuple[str, str]:
        """First and last day; these if there is none."""
        first = f"{self.since}{'-01-01'[len(self.since) - 10 :]}" if self.since else earliest
        return first[:10], dates.last_day(self.until) if self.until else latest

    def __bool__(self) -> bool:
        """Whether any are asked for."""
        return bool(self.since or self.until)


def _date(text: str | None) -> str | None:
    date = None if text is None else dates.as_written(text)
    if text is not None and date is None:
        raise UserError(f"{text!r} is no date; write such as 2015, 2015-06 or 2015-06-30")
    return date


def terms_of(entity: Entity, store: GraphStore) -> Terms:
    """Choose the names under which an entity is looked for.

    Args:
        entity: A drug or a disease.
        store: Tells whether a name means this entity alone.

    Raises:
        UnknownEntity: it has no name.
    """
    if entity.name == entity.id:
        raise UnknownEntity(f"{entity.id} has no name in the graph to ask by; load the graph with --names FILE")
    chosen, room = {entity.name.casefold(): _plain(entity.name)}, ROOM - len(entity.name)
    for name in sorted(entity.synonyms, key=len):
        word = name.casefold()
        fits = SHORTEST <= len(name) <= min(LONGEST, room) and word not in chosen and word not in ORDINARY
        if fits and _plain(name) and _means(name, entity, store):
            chosen[word] = _plain(name)
            room -= len(name)
    left_out = len({name.casefold() for name in entity.synonyms} - set(chosen))
    return Terms(entity, tuple(chosen.values()), left_out)


def _means(name: str, entity: Entity, store: GraphStore) -> bool:
    found = store.search(name, kinds=(entity.kind,), limit=1).entity
    return found is not None and found.id == entity.id


def _plain(name: str) -> str:
    """A name without what ends a quotation or begins a field."""
    return " ".join(name.translate(str.maketrans('"[]\\', "    ")).split())


def _any_of(terms: Terms, field: str = "") -> str:
    return " OR ".join(f'"{name}"{field}' for name in terms.names)


def pubmed_query(disease: Terms, drug: Terms, span: DateSpan) -> str:
    """The query in PubMed's language: text words (title, abstract, MeSH, substances) of both, and the dates.

    A quotation with a field is not expanded by PubMed, so nothing is found by another name than these.
    """
    parts = [f"({_any_of(drug, '[tw]')})", f"({_any_of(disease, '[tw]')})"]
    if span:
        first, last = (day.replace("-", "/") for day in span.days("1500-01-01", "3000-12-31"))
        parts.append(f'("{first}"[dp] : "{last}"[dp])')
    return " AND ".join(parts)


def trials_fields(disease: Terms, drug: Terms, span: DateSpan) -> dict[str, str]:
    """The fields of a query of ClinicalTrials.gov; a trial is dated by its last update, as in the library."""
    fields = {"query.cond": _any_of(disease), "query.intr": _any_of(drug)}
    if span:
        first, last = span.days("MIN", "MAX")
        fields["filter.advanced"] = f"AREA[LastUpdatePostDate]RANGE[{first},{last}]"
    return fields
