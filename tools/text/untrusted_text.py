"""Text from elsewhere is data: one line that cannot be taken for instructions, fences, keys or control tokens.

What this covers: line formats (a text stays on one line), our own fences and any other tags, chat templates' control
tokens, citation marks, invisible characters. What it does not: it cannot stop a model from believing what a text says;
the check of the answer is there for that.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["LONGEST", "plain"]

LONGEST = 1600
"""Characters of one text that are shown; more is cut at a word, with an ellipsis."""

_TAG = re.compile(r"<(?=[A-Za-z/|!?])")
_CONTROL = re.compile(r"\[(/?(?:INST|SYS|BOS|EOS|[KPT]\d+))\]")
_SPACE = re.compile(r"\s+")
_ASCII = re.compile(r"[\x20-\x7e\n\t]*")


class _Visible(dict[int, str]):
    """What becomes of each character: worked out when first met."""

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        blank = " " if category in {"Zl", "Zp", "Zs", "Cc"} else chr(code)
        self[code] = "" if category in {"Cf", "Cs", "Co", "Cn"} else blank
        return self[code]


_VISIBLE = _Visible()


@lru_cache(maxsize=8192)
def plain(text: str, longest: int = LONGEST) -> str:
    """Make a text from elsewhere safe to stand between fences.

    Args:
        text: as its source has it.
        longest: characters kept.

    Returns:
        The same words on one line; `<tag>` becomes `&lt;tag>`, `[K1]` becomes `(K1)`, invisible characters go.
    """
    seen = text if _ASCII.fullmatch(text) else text.translate(_VISIBLE)
    line = _SPACE.sub(" ", seen).strip()
    line = _CONTROL.sub(r"(\1)", _TAG.sub("&lt;", line))
    return line if len(line) <= longest else line[:longest].rsplit(" ", 1)[0] + " …"
