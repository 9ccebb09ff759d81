"""Phase and status of trials in one spelling."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from kedrec.tools.sources.record_types import Dropped

__all__ = ["normal_phase", "normal_status", "understood"]

Value = TypeVar("Value")

_NO_PHASE = {
    "", "na", "nan", "n", "notapplicable", "none", "null", "notspecified", "unspecified", "notprovided", "notreported",
    "notavailable", "unknown",
}  # fmt: skip
_NUMERALS = {"0": "1", "i": "1", "ii": "2", "iii": "3", "iv": "4"}
_ONE = r"(?:iv|i{1,3}|[0-4](?:\.0)?)[abc]?(?![a-z0-9])"
_ASKED = re.compile(rf"phase[\s:-]*({_ONE})[^:]*:\s*(yes|no)(?![a-z])")
"""A form with a box for each phase: `Human pharmacology (Phase I): no`."""
_NAMED = re.compile(rf"phases?[\s:-]*({_ONE}(?:[\s/,&|+-]*(?:(?:and|or|to)\s+)?{_ONE})*)")
_BARE = re.compile(rf"{_ONE}(?:[\s/,&|+-]*(?:(?:and|or|to)\s+)?{_ONE})*")
_STATUS_NAMES = {"unknown status": "unknown"}


def normal_phase(value: object) -> str | None:
    """Bring a trial's phase to one spelling.

    Args:
        value: `PHASE2`, `phase 1/phase 2`, `PHASE1, PHASE2`, `Early Phase 1`, `Phase IIb`, `IV (Phase IV study)`,
            `N/A`, a list of such, or None.

    Returns:
        `1`, `1/2`, `2`, `2/3`, `3` or `4` and the like; None where there is no phase.

    Raises:
        ValueError: the value is none of these.
    """
    words = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value if value is not None else "")
    if re.sub(r"[^a-z]", "", words.lower()) in _NO_PHASE and not re.search(r"\d", words):
        return None
    # The part of a value that names phases; empty if there is none.
    low = re.sub(r"[\s_]+", " ", words.lower())
    asked = _ASKED.findall(low)
    if asked:
        phases = " ".join(phase for phase, said in asked if said == "yes")
    else:
        outside = re.sub(r"\([^()]*\)", " ", low).strip(" .")
        alone = _BARE.fullmatch(outside)
        phases = alone[0] if alone else " ".join(_NAMED.findall(low))
    found = re.findall(_ONE, phases)
    digits = {_NUMERALS.get(bare := re.sub(r"(?<=.)(?:\.0)?[abc]?$", "", one), bare) for one in found}
    if not digits:
        raise ValueError(f"field `phase` is not understood: {words[:60]!r}; expected such as PHASE2 or phase 1/phase 2")
    return "/".join(sorted(digits))


def normal_status(value: object) -> str | None:
    """Bring a trial's status to one spelling.

    Args:
        value: `ACTIVE_NOT_RECRUITING`, `active, not recruiting`, … or None.

    Returns:
        Lower-case words without commas, `active not recruiting`; None if there is none.

    Raises:
        ValueError: the value is no string.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("field `status` should be a string")
    words = " ".join(re.sub(r"[_,]", " ", value.lower()).split())
    return _STATUS_NAMES.get(words, words) or None


def understood(read: Callable[[Any], Value | None], field: str, value: Any, dropped: list[Dropped]) -> Value | None:
    """Read a field that a document can do without; note it where it is not understood.

    Args:
        read: Reads a value, and raises ValueError where it cannot.
        field: Name of the field.
        value: What it holds.
        dropped: Takes the note, for a document that is still to be named.
    """
    try:
        return read(value)
    except ValueError:
        dropped.append(Dropped("", field, str(value)[:60]))
        return None
