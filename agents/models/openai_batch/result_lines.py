"""What the lines of an ended batch say: an answer, an error of one request, or why there is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kedrec.agents.models.openai_api.errors_and_retry import error_within, status_error
from kedrec.errors import ModelUnavailable

if TYPE_CHECKING:
    from openai.types import Batch

__all__ = ["ADDRESS", "failure_of", "is_too_much", "reason_of"]

ADDRESS: Final = "/v1/chat/completions"
"""Where each request of a batch goes."""
TOO_MUCH = "token_limit_exceeded"
"""What the server says where more tokens wait at it than the account may have."""


def failure_of(line: dict[str, Any]) -> Exception | None:
    """What kept a request of a batch from an answer; None where it has one.

    Args:
        line: of the output or the error file: `{custom_id, response: {status_code, body}, error: {code, message}}`.

    Returns:
        The client's own error for the server's status, or `ModelUnavailable` where the request was never taken up.
    """
    response = line.get("response") or {}
    status, body = int(response.get("status_code") or 0), response.get("body") or {}
    if status == 200:
        return error_within(body)
    if status < 400:
        error = line.get("error") or {}
        return ModelUnavailable(
            f"The batch left a request out: {error.get('message') or error.get('code') or 'no word'}"
        )
    return status_error(status, body)


def reason_of(batch: Batch) -> str:
    """Why a request of an ended batch has neither an answer nor an error of its own."""
    said = "; ".join(str(one.message) for one in (batch.errors.data or ())) if batch.errors else ""
    return f"The batch {batch.id} {_ENDINGS.get(batch.status, batch.status)}{f': {said}' if said else '.'}"


_ENDINGS = {
    "completed": "ended without a word on this request",
    "failed": "was not taken up",
    "expired": "expired before it came to this request",
    "cancelled": "was cancelled before it came to this request",
}


def is_too_much(batch: Batch) -> bool:
    """Whether a batch was turned away for its size and that of those that wait."""
    return batch.errors is not None and any(one.code == TOO_MUCH for one in batch.errors.data or ())
