"""The numbers that a text tells, so that the same number is the same however it is written.

`10^6`, `10⁶`, `10**6` and 1,000,000 are one number, and never 106. An exponent is no number by itself: `kg/m^2` does
not tell 2. The forms that lost their level, `x 10 6` and `10(6)`, are read as powers too.
"""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["held", "stated"]

_NUMBER = re.compile(
    r"(?<![\w.,])((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:\^[({]?([+-]?\d+(?:\.\d+)?)(?![\d/,])[)}]?)?"
    r"|\^[({]?[+-]?[\w.,/]*"
)
"""A number with its exponent, or an exponent of something else."""
_RAISED = re.compile("[⁺⁻]?[⁰¹²³⁴-⁹]+")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_STARS = re.compile(r"(?<=\d)\*\*(?=[+−–-]?\d)")
_MINUS = re.compile(r"(?<=\^)([({]?)[−–]")
_FLAT = re.compile(
    r"(?:(?<=[x×·*])|(?<=[x×·*]\s)|(?<![\w.,])(?=10\())10(?:\s([−–-]?\d{1,2})|\(([−–-]?\d{1,2})\))(?![\w.])"
)
_LARGEST = 400
"""Exponent of the largest power of ten that is worked out."""


def stated(text: str) -> dict[Decimal | str, str]:
    """Return the numbers that a sentence states, and how it writes each."""
    return _numbers(_FLAT.sub(lambda found: f"10^{(found[1] or found[2])}", text))


def held(text: str) -> set[Decimal | str]:
    """Return the numbers that a text holds, in every way in which it can be read."""
    # The numbers that stand below something other than a power of ten: the mark of a footnote, perhaps.
    pairs = (match.groups() for match in _NUMBER.finditer(_plain(text)) if match[1] and match[2])
    bases = {value for digits, _ in pairs if (value := Decimal(digits.replace(",", "")).normalize()) != 10}
    return _numbers(text).keys() | stated(text).keys() | bases


def _numbers(text: str) -> dict[Decimal | str, str]:
    found = (_number(*match.groups()) for match in _NUMBER.finditer(_plain(text)) if match[1])
    return dict(found)


def _number(digits: str, exponent: str | None) -> tuple[Decimal | str, str]:
    """Return a number to compare by, and as it is said: powers of ten by their value, others by their form."""
    value = Decimal(digits.replace(",", "")).normalize()
    if exponent is None:
        return value, f"{value:f}"
    said = f"{value:f}^{Decimal(exponent).normalize():f}"
    if value == 10 and abs(power := Decimal(exponent)) <= _LARGEST and power == power.to_integral_value():
        return Decimal(1).scaleb(int(power)).normalize(), said
    return said, said


def _plain(text: str) -> str:
    """Write every level behind a `^`."""
    text = _RAISED.sub(lambda found: f"^{found[0].translate(_PLAIN)}", text)
    return _MINUS.sub(r"\1-", _STARS.sub("^", text))
