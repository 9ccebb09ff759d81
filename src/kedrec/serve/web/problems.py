"""What went wrong, as an answer: the status of each error, and one form for all of them."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from kedrec import errors
from kedrec.serve.error_status import misfit_told, problem_of
from kedrec.serve.results import ChatFailure, ChatProblem, Failure, Problem

__all__ = ["CHAT_STATUSES", "STATUSES", "answer_with_problems", "as_openai"]

TOLD = {
    400: "The request cannot be answered as it stands.",
    401: "The key is missing or wrong.",
    402: "The key's budget for today is spent.",
    403: "Sent by a page of another site.",
    404: "Nothing has that name or id.",
    408: "The request took too long to arrive.",
    409: "A name that several entities share.",
    413: "The request is too large.",
    415: "The request is no JSON.",
    421: "The server is not known by that host name.",
    422: "A field is missing, unknown or does not fit.",
    429: "Too many requests of one key or address.",
    500: "The work failed.",
    502: "The chat model or a source did not answer.",
    503: "Enough is in work already.",
    504: "Not answered in time.",
}
"""What an answer of the API can be besides what was asked for."""
STATUSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": told} for status, told in TOLD.items()
}
"""The same, described."""
CHAT_STATUSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ChatFailure, "description": told} for status, told in TOLD.items()
}
"""The same below `/v1`."""
LOG = logging.getLogger("kedrec.serve")


def answer_with_problems(app: FastAPI) -> None:
    """Let an app answer every error in one form."""
    app.add_exception_handler(errors.KedrecError, _known)
    app.add_exception_handler(RequestValidationError, _misfit)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


async def _known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.KedrecError)
    status, failure = problem_of(error)
    return _answer(request, status, failure.error, {"retry-after": "5"} if status == 503 else None)


async def _misfit(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _answer(request, 422, Problem(type="Misfit", message=misfit_told(error.errors())))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    told = {404: "There is nothing at this address.", 405: "Not by this method."}.get(error.status_code, error.detail)
    return _answer(request, error.status_code, Problem(type="HttpError", message=told), dict(error.headers or {}))


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, 500, Problem(type="WorkError", message="The server failed; its log says how."))


def _answer(request: Request, status: int, problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error; below `/v1` with the fields that OpenAI's errors have besides."""
    as_asked = as_openai(problem) if request.url.path.startswith("/v1/") else Failure(error=problem).model_dump()
    return JSONResponse(as_asked, status, headers)


def as_openai(problem: Problem) -> dict[str, Any]:
    """An error in OpenAI's form."""
    return ChatFailure(error=ChatProblem(type=problem.type, message=problem.message, code=problem.type)).model_dump()
