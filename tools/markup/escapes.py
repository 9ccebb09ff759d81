"""Texts of trials without the escapes that ClinicalTrials.gov and those who pass its texts on leave in them."""

from __future__ import annotations

import re

__all__ = ["unescaped"]

_ESCAPE = re.compile(r"\\(?:u(?!d[89a-f])([0-9a-f]{4})|([!-/:-@\[-`{-~]))", re.IGNORECASE)
"""A character of JSON by its number, outside the surrogates, or a mark of Markdown."""


def unescaped(text: str) -> str:
    r"""Return a text without escapes: `HbA1c \>= 7.5%` is `HbA1c >= 7.5%`, `na\u00efve` is `naïve`."""
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(found: re.Match[str]) -> str:
    number, mark = found.groups()
    character = chr(int(number, 16)) if number else mark
    return character if character.isprintable() else found[0]
