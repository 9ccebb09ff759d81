"""Text from elsewhere is data: one line that cannot be taken for instructions, fences, keys or control tokens.

What this covers: line formats (a text stays on one line), our own fences and any other tags, chat templates' control
tokens, citation marks, invisible characters. What it does not: it cannot stop a model from believing what a text says;
the check of the answer is there for that.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LONGEST", "plain"]

LONGEST = 1600
"""Characters of one text that are shown; more is cut at a word, with an ellipsis."""

_TAG = re.compile(r"<(?=[A-Za-z/|!?])")
_CONTROL = re.compile(r"\[(/?(?:INST|SYS|BOS|EOS|[KPT]\d+))\]")
_SPACE = re.compile(r"\s+")
_RISKY = re.compile(r"[^\x20-\x7e]")


def plain(text: str, longest: int = LONGEST) -> str:
    """Make a text from elsewhere safe to stand between fences.

    Args:
        text: as its source has it.
        longest: characters kept.

    Returns:
        The same words on one line; `<tag>` becomes `&lt;tag>`, `[K1]` becomes `(K1)`, invisible characters go.
    """
    if _RISKY.search(text):
        text = "".join(_visible(char) for char in text)
    line = _SPACE.sub(" ", text).strip()
    line = _CONTROL.sub(r"(\1)", _TAG.sub("&lt;", line))
    return line if len(line) <= longest else line[:longest].rsplit(" ", 1)[0] + " …"


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Zl", "Zp", "Zs", "Cc"}:
        return " "
    return "" if category in {"Cf", "Cs", "Co", "Cn"} else char
