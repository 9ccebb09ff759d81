"""Phase and status of trials in one spelling."""

from __future__ import annotations

import re

__all__ = ["normal_phase", "normal_status"]

_NO_PHASE = {"", "na", "notapplicable", "none"}
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_STATUS_NAMES = {"unknown status": "unknown"}


def normal_phase(value: object) -> str | None:
    """Bring a trial's phase to one spelling.

    Args:
        value: `PHASE2`, `phase 1/phase 2`, `PHASE1, PHASE2`, `Early Phase 1`, `Phase II`, `N/A`, a list of such, or
            None.

    Returns:
        `1`, `1/2`, `2`, `2/3`, `3` or `4` and the like; None where there is no phase.

    Raises:
        ValueError: the value is none of these.
    """
    words = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value if value is not None else "")
    if re.sub(r"[^a-z]", "", words.lower()) in _NO_PHASE and not re.search(r"\d", words):
        return None
    rest = re.sub(r"early|phase|and|[\s_,/|&-]+", " ", words.lower()).split()
    digits = [_ROMAN.get(word, "1" if word == "0" else word) for word in rest]
    if not digits or not all(digit in {"1", "2", "3", "4"} for digit in digits):
        raise ValueError(f"field `phase` is not understood: {words[:60]!r}; expected such as PHASE2 or phase 1/phase 2")
    return "/".join(sorted(set(digits)))


def normal_status(value: object) -> str | None:
    """Bring a trial's status to one spelling.

    Args:
        value: `ACTIVE_NOT_RECRUITING`, `active, not recruiting`, … or None.

    Returns:
        Lower-case words without commas, `active not recruiting`; None where there is none.

    Raises:
        ValueError: the value is no string.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("field `status` should be a string")
    words = " ".join(re.sub(r"[_,]", " ", value.lower()).split())
    return _STATUS_NAMES.get(words, words) or None
