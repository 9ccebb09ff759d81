"""Whether a server may answer better in a while, and how long it asks to be left alone."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["TRANSIENT", "retry_after"]

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses of answers that may be better in a while."""


def retry_after(text: str) -> float | None:
    """Read the header `Retry-After`, seconds or a date (RFC 9110, section 10.2.3).

    Args:
        text: the header's value.

    Returns:
        Seconds from now, at least 0; None where it is neither.
    """
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return None
        zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
        seconds = (zoned - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
