"""The keys that open a server, read from a file and from a request's header, and from nowhere else."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path

from kedrec.errors import UserError

__all__ = ["ASKER", "EVERYONE", "Keys", "read_keys"]

SHORTEST_KEY = 16
"""Characters of a key that cannot be guessed."""
EVERYONE = "everyone"
"""Who asks a server that has no keys."""
ASKER: ContextVar[str] = ContextVar("asker", default=EVERYONE)
"""Name of the key by which the request in work was let through."""
_MADE = "python -c 'import secrets; print(secrets.token_urlsafe())'"


class Keys:
    """Keys by the names of those who have them.

    Args:
        named: name -> key.
    """

    def __init__(self, named: Mapping[str, str]) -> None:
        self._named = {name: key.encode() for name, key in named.items()}

    def name_of(self, authorization: str) -> str | None:
        """Whose key a header holds; None where it is nobody's. Takes as long for a wrong key as for a right one."""
        sent = _sent(authorization).strip().encode("utf-8", "replace")
        found = [name for name, key in self._named.items() if hmac.compare_digest(sent, key)]
        return found[0] if found else None


def read_keys(path: Path) -> Keys:
    """The keys in a file: one, or a line `NAME KEY` for each.

    Raises:
        UserError: if there is none, or one that can be guessed.
    """
    try:
        lines = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The key file {path} cannot be read: {error}") from error
    named = {line[0]: line[1] for line in lines if len(line) == 2}
    if len(lines) == 1 and len(lines[0]) == 1:
        named = {EVERYONE: lines[0][0]}
    if not lines or len(named) != len(lines) or len(set(named.values())) != len(named):
        raise UserError(f"{path} must hold one key, or lines of a name and a key, none of them twice: {_MADE} > {path}")
    for name, key in named.items():
        if len(key) < SHORTEST_KEY or not key.isprintable() or not key.isascii():
            told = f"The key of {name!r} in {path} must have {SHORTEST_KEY} ASCII characters or more: {_MADE}"
            raise UserError(told)
    return Keys(named)


def _sent(authorization: str) -> str:
    """The key in a header: as a token, or as the password of any user, which is how browsers ask for it."""
    scheme, _, sent = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return sent
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(sent.strip(), validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
