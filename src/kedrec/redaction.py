"""Keeps secrets out of everything that is recorded."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedrec.characters import has_halves, mended
from kedrec.config import Settings
from kedrec.records import ToolResult

__all__ = ["MARK", "Redactor"]

MARK = "[secret]"
"""Stands where a secret was."""
_SECRET_NAME = re.compile(
    r"(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?(?:$|_|\d)"
    r"|(?:^|_|API|ACCESS|PRIVATE)KEYS?(?:$|_|\d)|_PWD(?:$|_)|(?:^|_)AUTH(?:$|_)",
    re.IGNORECASE,
)
"""What a variable that holds a secret is called; `PWD` and `OLDPWD` are folders."""
_TELLS_ABOUT = re.compile(r"_(?:FILE|PATH|DIR|SOCK|URL|URI|ENDPOINT|HOST|PORT|NAME|TYPE|LIMIT)$", re.IGNORECASE)
"""What a variable is called that only tells where a secret is, or of what kind."""
_ORDINARY = {
    "anonymous", "automatic", "default", "disabled", "enabled", "environment", "keychain", "keyring", "localhost",
    "negotiate", "none", "optional", "password", "required", "undefined", "username",
}  # fmt: skip
"""Values that stand in such variables and in ordinary text."""
_SHAPES = (
    r"\bsk-[A-Za-z0-9_-]{16,}|\bhf_[A-Za-z0-9]{20,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bAKIA[0-9A-Z]{16}\b"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{12,}"
    r"|(?<=[?&]api_key=)[^&\s\"']+|(?<=[?&]key=)[^&\s\"']+|(?<=[?&]token=)[^&\s\"']+"
)
_PREFIXES = {
    "sk-": r"[A-Za-z0-9_-]{16}", "hf_": r"[A-Za-z0-9]{20}", "AKIA": r"[0-9A-Z]{16}", "://": r"[^\s/@:]*:[^\s/@]+@",
    "earer ": r"[A-Za-z0-9._~+/=-]{12}",
    **{f"{mark}{name}=": r"[^&\s\"']" for mark in "?&" for name in ("key", "api_key", "token")},
    **dict.fromkeys(("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{20}"),
}  # fmt: skip
"""Literal beginning of a secret -> pattern of the rest; searching for the literals first is fast and misses none."""
_SEARCHES = {prefix: re.compile(re.escape(prefix) + after).search for prefix, after in _PREFIXES.items()}
SHORTEST = 8
"""Values shorter than this are not taken for secrets: they occur in ordinary text."""


class Redactor:
    """Replaces secrets in texts: the settings' secrets, secret variables of the environment, and what looks like a key.

    What it covers: whole values and the usual shapes of keys and of URLs with credentials. What it does not: a secret
    that is none of these and was typed into a question. Of the environment a value is a secret by the name of its
    variable; a path, a short value or an ordinary word never is.

    Args:
        settings: its key and its password are secrets.
        env: the environment; `os.environ` by default.
    """

    def __init__(self, settings: Settings | None = None, env: Mapping[str, str] | None = None) -> None:
        held = (os.environ if env is None else env).items()
        values = {
            value
            for name, value in held
            if (_SECRET_NAME.search(name) is not None and _TELLS_ABOUT.search(name) is None) and not _is_ordinary(value)
        }
        if settings is not None:
            values.update(settings.secrets().values())
        lines = {line for value in values for line in (value, *value.splitlines())}
        known = sorted((line for line in lines if len(line) >= SHORTEST), key=lambda line: (-len(line), line))
        self._known = (*known, *(json.dumps(value)[1:-1] for value in known))
        self._pattern = re.compile("|".join([*map(re.escape, known), _SHAPES]))

    def text(self, text: str) -> str:
        """A text without secrets, and without halves of characters."""
        return self._pattern.sub(MARK, str(mended(text)))

    def plain(self, value: Any) -> Any:
        """JSON-like data without secrets, in keys and values; the data itself where it holds none."""
        return self._cleaned(value) if self.suspects(json.dumps(value, ensure_ascii=False)) else value

    def result(self, result: ToolResult) -> ToolResult:
        """A tool's result without secrets."""
        if not self.suspects(result.model_dump_json()):
            return result
        return ToolResult.model_validate(self._cleaned(result.model_dump(mode="json")))

    def suspects(self, text: str) -> bool:
        """Whether a text may hold a secret, or half a character; false where it certainly holds none."""
        return (
            has_halves(text)
            or any(value in text for value in self._known)
            or any(sign in text and found(text) for sign, found in _SEARCHES.items())
        )

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self._cleaned(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._cleaned(item) for item in value]
        return value


def _is_ordinary(value: str) -> bool:
    """Whether a value is a path or a word that has nothing secret, whatever its variable is called."""
    if value.startswith(("~/", "./", "../")) or value.lower() in _ORDINARY:
        return True
    top = value.split("/")[1:2]
    return value.startswith("/") and (top == [""] or Path("/", *top).is_dir())
