"""What went wrong, in words and as a status, for every client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kedrec import errors
from kedrec.serve.results import Failure, Problem

__all__ = ["misfit_told", "problem_of"]

_STATUS: tuple[tuple[type[errors.KedrecError], int], ...] = (
    (errors.UnknownEntity, 404),
    (errors.NotReady, 404),
    (errors.AmbiguousName, 409),
    (errors.UserError, 400),
    (errors.Overloaded, 503),
    (errors.TookTooLong, 504),
    (errors.BudgetSpent, 402),
    (errors.ModelError, 502),
    (errors.SourceError, 502),
    (errors.KedrecError, 500),
)
"""The first type that fits counts."""


def problem_of(error: errors.KedrecError) -> tuple[int, Failure]:
    """The status and the body for an error."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    return status, Failure(error=Problem(type=type(error).__name__, message=str(error)))


def misfit_told(misfits: Sequence[Any]) -> str:
    """What does not fit a request, without the value that was sent."""
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in misfits[:5])
