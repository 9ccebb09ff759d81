"""A trace as it may leave the machine: without secrets, and with text that every other program can read."""

from __future__ import annotations

import json
from typing import Any

from kedrec.records import Trace
from kedrec.redaction import Redactor

__all__ = ["clean_trace"]


def clean_trace(trace: Trace, redactor: Redactor) -> Trace:
    """The trace without what the redactor takes for secrets now, and without broken characters.

    What was recorded is free of the secrets of its time; a key that is known only now is taken out here.
    """
    row = trace.model_dump(mode="json")
    plain = json.dumps(row, ensure_ascii=False)
    if not redactor.suspects(plain) and _is_whole(plain):
        return trace
    return Trace.model_validate(_whole(redactor.plain(row)))


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _whole(value: Any) -> Any:
    """Plain data in which halves of characters are replaced by question marks."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_whole(item) for item in value]
    return value
