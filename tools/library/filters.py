"""Which documents count: by date, year, publication type and phase."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from kedrec.errors import UserError
from kedrec.records import Record
from kedrec.tools.sources import dates, normal_phase

__all__ = ["Cut", "DocumentFilter"]


class DocumentFilter(Record):
    """What documents must be like; a field that is left alone asks for nothing."""

    until: str | None = None
    """Last day, month or year, `2015-06-30`, `2015-06` or `2015`: what was public by its end counts. A document without
    a date does not; the date of a trial is that of its last update, since its text may tell what happened by then."""
    since: int | None = None
    """First year of publication or start."""
    types: tuple[str, ...] = ()
    """Publication types or study types, any of them, whatever the case."""
    phases: tuple[str, ...] = ()
    """Trial phases, any of them, `2` or `PHASE2`; `2` is met by `1/2` and `2/3` too."""

    @field_validator("until")
    @classmethod
    def _is_date(cls, value: str | None) -> str | None:
        date = None if value is None else dates.as_written(value)
        if value is not None and date is None:
            raise UserError(f"{value!r} is no date; write such as 2015, 2015-06 or 2015-06-30")
        return date

    @field_validator("phases")
    @classmethod
    def _are_phases(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(filter(None, map(normal_phase, values)))
        except ValueError as error:
            raise UserError(str(error)) from None

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return self != DocumentFilter()

    def and_until(self, until: str | None) -> DocumentFilter:
        """Return the selection with a cut that is no later than `until`."""
        cuts = sorted(filter(None, [self.until, until]), key=dates.last_day)
        return self.model_copy(update={"until": cuts[0]}) if cuts else self

    def where(self) -> tuple[str, list[Any]]:
        """Return it as a condition on the table of documents `d`, and its values."""
        asked: list[tuple[str, list[Any]]] = []
        if self.until is not None:
            asked.append(("d.last_day <= ?", [dates.last_day(self.until)]))
        if self.since is not None:
            asked.append(("d.year >= ?", [self.since]))
        if self.types:
            marks = ",".join("?" * len(self.types))
            having = f"SELECT 1 FROM document_types t WHERE t.document = d.key AND t.type IN ({marks})"
            asked.append((f"EXISTS ({having})", [name.lower() for name in self.types]))
        if self.phases:
            asked.append((f"({' OR '.join(['instr(d.phase, ?) > 0'] * len(self.phases))})", list(self.phases)))
        return " AND ".join(["1", *(condition for condition, _ in asked)]), [v for _, values in asked for v in values]


class Cut(Record):
    """What a cut by date leaves of the library."""

    until: str
    """The date."""
    within: int
    """Documents that count."""
    later: int
    """Documents of a later date."""
    undated: int
    """Documents without a date; they do not count."""

    def __str__(self) -> str:
        return (
            f"Literature until {self.until}: {self.within:,} documents count, {self.later:,} later ones and "
            f"{self.undated:,} without a date do not."
        )
