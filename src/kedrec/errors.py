"""The one exception tree of the project.

KedrecError
├── UserError            something only the user can put right; exit code 2
│   ├── InputError       a file that cannot be read as what it should be
│   ├── ConfigError      a setting that does not exist or does not fit
│   ├── NotReady         a graph, an index or a trace that is not there yet
│   ├── UnknownEntity    a name that the graph does not have
│   ├── AmbiguousName    a name that several entities share
│   ├── MissingExtra     an optional package that is not installed
│   └── Busy             another process is writing the same folder
└── WorkError            the work itself failed; exit code 1
    ├── ModelError       a chat model did not answer
    │   ├── ModelUnavailable   may succeed when tried again
    │   │   └── RateLimited    the server wants fewer calls
    │   ├── ModelRefused       will not succeed when tried again
    │   └── BudgetSpent        the call would cost more than is left
    ├── SourceError      a server of literature did not answer
    │   ├── SourceUnavailable  may succeed when tried again
    │   └── SourceRefused      will not succeed when tried again
    ├── DatabaseFailed   a database that its server could not open
    ├── ToolError        a tool of the agent failed
    ├── Overloaded       a server that works on enough already
    ├── TookTooLong      a question that was not answered in time
    └── DamagedData      stored data that does not match its own manifest

Every message says what was tried, what was found and what to do.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "AmbiguousName", "BudgetSpent", "Busy", "ConfigError", "DamagedData", "DatabaseFailed", "InputError",
    "KedrecError", "MissingExtra", "ModelError", "ModelRefused", "ModelUnavailable", "NotReady", "Overloaded",
    "RateLimited", "SourceError", "SourceRefused", "SourceUnavailable", "TookTooLong", "ToolError", "UnknownEntity",
    "UserError", "WorkError", "error_named",
]  # fmt: skip


class KedrecError(Exception):
    """Root of all errors that KEDRec raises on purpose."""

    exit_code = 1


class UserError(KedrecError):
    """Something only the user can put right."""

    exit_code = 2


class InputError(UserError):
    """A file that cannot be read as what it should be.

    Args:
        path: the file.
        problem: what was found, and what to do about it.
        line: 1-based line number, where there is one.
    """

    def __init__(self, path: str | Path, problem: str, line: int | None = None) -> None:
        where = f"{path}, line {line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {problem}")
        self.path, self.problem, self.line = Path(path), problem, line


class ConfigError(UserError):
    """A setting that does not exist or whose value does not fit."""


class NotReady(UserError):
    """A graph, an index, a run or a trace that is not there yet."""


class UnknownEntity(UserError):
    """A name that the graph does not have."""


class AmbiguousName(UserError):
    """A name that several entities share."""


class MissingExtra(UserError):
    """An optional package that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional package. Install with: pip install 'kedrec[{extra}]'")


class Busy(UserError):
    """Another process is writing the same folder."""


class WorkError(KedrecError):
    """The work itself failed."""


class ModelError(WorkError):
    """A chat model did not answer."""


class ModelUnavailable(ModelError):
    """The model may answer when asked again: time-out, 429, 5xx, a dropped connection."""

    retry_after: float | None = None
    """Seconds that the server asked to wait, where it did."""


class RateLimited(ModelUnavailable):
    """The server wants fewer calls (429)."""


class BudgetSpent(ModelError):
    """The call could cost more than is left of the budget, so it was not made."""


class ModelRefused(ModelError):
    """The model will not answer this however often it is asked: a bad key, a context too long, a content filter."""


class SourceError(WorkError):
    """A server of literature did not answer; that is never the same as having nothing."""


class SourceUnavailable(SourceError):
    """The server may answer when asked again: time-out, 429, 5xx, an answer that is cut off."""


class SourceRefused(SourceError):
    """The server will not answer this however often it is asked: a bad key, a query it does not understand."""


class DatabaseFailed(WorkError):
    """A database that its server could not open, or had to close: a full disk, an import cut short, damaged files."""


class ToolError(WorkError):
    """A tool of the agent failed."""


class Overloaded(WorkError):
    """A server works on as many questions as it may; it can be asked again."""


class TookTooLong(WorkError):
    """A question was not answered in the time that it was given, so the work on it was stopped."""


class DamagedData(WorkError):
    """Stored data that does not match its own manifest."""


def error_named(kind: str, message: str) -> KedrecError:
    """An error that was kept as its type's name and its message, as the exception that it was.

    Args:
        kind: name of its type; what is not known here was work that failed.
        message: what it said.
    """
    found = globals().get(kind)
    known = found if isinstance(found, type) and issubclass(found, KedrecError) else WorkError
    if known in {InputError, MissingExtra}:  # these say their message from parts
        known = UserError
    return known(message)
