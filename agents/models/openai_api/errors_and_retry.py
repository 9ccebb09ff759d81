"""What can go wrong between us and an OpenAI-compatible server, and whether it is worth trying again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kedrec.characters import mended
from kedrec.errors import ModelError, ModelRefused, ModelUnavailable, RateLimited
from kedrec.retry_after import retry_after

if TYPE_CHECKING:
    import openai
    from tenacity import RetryCallState

__all__ = [
    "LONGEST_WAIT",
    "StopAfter",
    "error_within",
    "model_error",
    "said_by",
    "seconds_to_wait",
    "status_error",
    "worth_another_try",
]

LONGEST_WAIT = 60.0
"""Seconds; a server that asks for more is not waited for."""

_FOR_GOOD = {
    "insufficient_quota": "the account has no credit left. Add credit or use another key",
    "context_length_exceeded": "the request is longer than the model's context. Lower `passages`",
    "content_filter": "the server's content filter stopped it",
    "model_not_found": "the server does not have this model. Look at its list of models",
    "invalid_api_key": "the key is not accepted. Set KEDREC_API_KEY or OPENAI_API_KEY",
}
_BY_STATUS = {
    401: "the key is not accepted. Set KEDREC_API_KEY or OPENAI_API_KEY",
    403: "the key may not do this",
    404: "the server knows neither this address nor this model. Check the model's name and `base_url`",
}
_TOO_LONG = re.compile(
    r"context (?:length|window|size)|maximum context|too many tokens|prompt is too long", re.IGNORECASE
)


def status_error(status: int, said: Any, headers: Mapping[str, str] | None = None) -> openai.APIStatusError:
    """The openai client's error for a response with an error status.

    Args:
        status: 400 or more.
        said: the body as JSON, or its text if it is not JSON.
        headers: of the response.
    """
    import httpx2
    import openai

    kind = openai.BadRequestError if status == 400 else openai.APIStatusError
    body = (said.get("error") or said) if isinstance(said, dict) else said
    response = httpx2.Response(status, headers=headers, request=httpx2.Request("POST", "/chat/completions"))
    return kind(str(said) or f"Error code: {status}", response=response, body=mended(body))


def error_within(content: Any, headers: Mapping[str, str] | None = None) -> openai.APIStatusError | None:
    """The error that some servers put into a response with status 200; None if there is none.

    Args:
        content: the JSON of an answer, or of a piece of one.
        headers: of the answer.
    """
    if not isinstance(content, dict):
        return None
    choices = content.get("choices") or [{}]
    choice = choices[0] if isinstance(choices[0], dict) else {}
    error = content.get("error") or choice.get("error")
    if not error and choice.get("finish_reason") != "error":
        return None
    error = error if isinstance(error, dict) else {"message": str(error or "it gave no reason")}
    code = str(error.get("code"))
    status = int(code) if code.isdecimal() and 400 <= int(code) < 600 else 200
    return status_error(status, {"error": error}, headers)


def model_error(error: Exception, who: str, clean: Callable[[str], str]) -> ModelError:
    """Turn an error of the client into one of ours.

    Args:
        error: what the `openai` package, the network (aiohttp) or a JSON parser raised.
        who: the model and the server, for the message.
        clean: takes secrets out of a text.

    Returns:
        `ModelUnavailable` where another try may succeed, else `ModelRefused`; no secret is in its message.
    """
    import openai

    if isinstance(error, ModelError):
        return error
    if isinstance(error, openai.APIStatusError):
        return _by_status(error, who, clean)
    return ModelUnavailable(f"{who} {_broken(error, clean)}")


def _broken(error: Exception, clean: Callable[[str], str]) -> str:
    """What happened instead of a whole answer."""
    import openai
    from aiohttp import ClientError

    if isinstance(error, (openai.APITimeoutError, TimeoutError)):
        return "did not answer in time. Raise `timeout` or try again later."
    if isinstance(error, (openai.APIConnectionError, ClientError)):
        cause = clean(str(error.__cause__ or error))
        return f"could not be reached or dropped the connection: {cause}. Check `base_url` and the network."
    if isinstance(error, json.JSONDecodeError):
        return "sent an answer that ends in the middle or is no JSON."
    if isinstance(error, openai.APIError):
        return f"reported an error while it answered: {clean(error.message)[:300]}"
    return f"broke off: {type(error).__name__}: {clean(str(error))[:300]}"


def _by_status(error: openai.APIStatusError, who: str, clean: Callable[[str], str]) -> ModelError:
    status, said = error.status_code, clean(said_by(error))[:300]
    for_good = _reason(error, said)
    if for_good:
        return ModelRefused(f"{who} refused (HTTP {status}): {for_good}. The server said: {said}")
    if status in (200, 408, 409, 425, 429) or status >= 500:
        kind = RateLimited if status == 429 else ModelUnavailable
        unavailable = kind(f"{who} is not available now (HTTP {status}): {said}")
        # Seconds to wait, from `retry-after-ms` or `retry-after`; None where the server names none.
        if text := error.response.headers.get("retry-after-ms"):
            waited = retry_after(text)
            unavailable.retry_after = None if waited is None else waited / 1000
        else:
            unavailable.retry_after = retry_after(error.response.headers.get("retry-after") or "")
        return unavailable
    return ModelRefused(
        f"{who} refused the request (HTTP {status}): {_BY_STATUS.get(status, said)}. The server said: {said}"
    )


def _reason(error: openai.APIStatusError, said: str) -> str | None:
    """Why no other try can succeed, where the server says so."""
    if error.code in _FOR_GOOD:
        return _FOR_GOOD[str(error.code)]
    if error.type in _FOR_GOOD:
        return _FOR_GOOD[str(error.type)]
    return _FOR_GOOD["context_length_exceeded"] if error.status_code in (400, 413) and _TOO_LONG.search(said) else None


def said_by(error: openai.APIStatusError) -> str:
    """The server's own words."""
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return mended(" ".join(str(error.message).split()))  # type: ignore[no-any-return]


def worth_another_try(error: BaseException) -> bool:
    """Whether a call that failed so may succeed, soon enough to wait for."""
    return isinstance(error, ModelUnavailable) and (error.retry_after or 0.0) <= LONGEST_WAIT


class StopAfter:
    """Ends the tries of one call: after so many that failed, or where it was turned away (429) for too long.

    Args:
        retries: tries after the first.
        patience: seconds.
    """

    def __init__(self, retries: int, patience: float) -> None:
        self._left, self._patience = retries, patience

    def __call__(self, state: RetryCallState) -> bool:
        """Whether the try that just failed was the last."""
        if state.outcome is not None and isinstance(state.outcome.exception(), RateLimited):
            return (state.seconds_since_start or 0.0) >= self._patience
        self._left -= 1
        return self._left < 0


def seconds_to_wait(state: RetryCallState) -> float:
    """What the server asked for; else half a second, doubled each time up to eight, and a little chance."""
    from tenacity import wait_exponential, wait_random

    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, ModelUnavailable) else None
    if asked is not None:
        return asked
    return wait_exponential(multiplier=0.5, max=8.0)(state) + wait_random(0, 0.25)(state)
