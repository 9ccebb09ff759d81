"""Dates of literature, as exact as their source is: `2015-06-30`, `2015-06` or `2015`."""

from __future__ import annotations

import calendar
import re

__all__ = ["as_written", "iso", "last_day", "medline"]

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|2[01]\d\d)(?!\d)")
_MONTH = re.compile(r"(?i)(?<![a-z])(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*")
_ISO = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?(?:[T ].*)?")
_WORDS = re.compile(r"(?P<month>[A-Za-z]{3})[a-z]*\.? (?:(?P<day>\d{1,2}), ?)?(?P<year>\d{4})")


def iso(year: str, month: str = "", day: str = "") -> str | None:
    """Join the parts of a date; it ends before the first part that is missing or none.

    Args:
        year: Four digits.
        month: Number, or a name of which the first three letters count.
        day: Number.

    Returns:
        The date; None where the year is none.
    """
    if not _YEAR.fullmatch(year.strip()):
        return None
    number = _MONTHS.get(month.strip().lower()[:3]) or _number(month, 12)
    if not number:
        return year.strip()
    of_month = _number(day, calendar.monthrange(int(year), number)[1])
    return f"{year.strip()}-{number:02d}" + (f"-{of_month:02d}" if of_month else "")


def _number(text: str, most: int) -> int:
    """Read a number from 1 to `most`; 0 for anything else."""
    digits = text.strip()
    return int(digits) if digits.isdecimal() and 1 <= int(digits) <= most else 0


def as_written(text: str) -> str | None:
    """Read `2015-06-30`, `2015/6`, `2015`, `June 30, 2015` or `June 2015`; None where it is none of these."""
    if found := _ISO.fullmatch(text.strip()):
        return iso(found[1], found[2] or "", found[3] or "")
    if words := _WORDS.fullmatch(text.strip()):
        return iso(words["year"], words["month"], words["day"] or "")
    return None


def medline(text: str) -> str | None:
    """Read MEDLINE's free dates, such as `1998 Dec-1999 Jan`, `2000 Spring` or `1976-1977`: the last month or year."""
    years = _YEAR.findall(text)
    if not years:
        return None
    months = _MONTH.findall(text[text.rfind(years[-1]) :]) if len(years) > 1 else _MONTH.findall(text)
    return iso(years[-1], months[-1] if months else "")


def last_day(date: str) -> str:
    """Return the last day that a date may mean: `2015-02` may mean `2015-02-28`.

    Args:
        date: As this module makes them.
    """
    year, month, day = (*date.split("-"), "", "")[:3]
    if day:
        return date
    last = calendar.monthrange(int(year), int(month or 12))[1]
    return f"{year}-{month or '12'}-{last}"
