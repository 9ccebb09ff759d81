"""Names that are only part of a longer name: `angiotensin II` in `angiotensin II receptor blocker` is no drug given."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from kedrec.tools.text.tokens import TokenStream

__all__ = ["are_parts_of_longer", "is_part_of_longer"]

_AHEAD = ("non", "anti", "pseudo")
"""Words before a name that make it another one: `non-small cell lung cancer`."""
_BEHIND = (
    "receptor", "receptors", "reuptake", "channel", "channels", "antagonist", "antagonists", "agonist", "agonists",
    "blocker", "blockers", "transporter", "transporters", "antibody", "antibodies", "synthase",
)  # fmt: skip
"""Words behind the name of a substance that make it what acts on it, or what it acts on."""
_LIKE = ("like", "cotransporter", "cotransporters")
"""More of these: `glucagon-like peptide`. The stream of tokens goes without, as it did when the weights were fitted."""
_TYPE = r"(?:type|subtype|ii|i|[a-z]{0,2}\d[a-z\d]?)"
"""Between the two: `histamine H1 receptor`."""
_FORMS = re.compile(rf"[ -](?:{_TYPE}[ -]){{0,2}}(?:{'|'.join((*_BEHIND, *_LIKE))})(?!\w)", re.IGNORECASE)
_AFTER = re.compile(
    rf"(?<!\w)(?:(?:{'|'.join(_AHEAD)})[- ]|low[- ]molecular[- ]weight |pre-|reactive )$", re.IGNORECASE
)


def is_part_of_longer(text: str, start: int, end: int) -> bool:
    """Return whether a name that stands at these offsets is only part of a longer name.

    Args:
        text: the text.
        start: offset of the name's first character.
        end: offset behind its last.
    """
    if _FORMS.match(text, end) is not None:
        return True
    return _AFTER.search(text[max(0, start - 24) : start]) is not None


def are_parts_of_longer(
    stream: TokenStream, first: NDArray[np.int64], length: NDArray[np.int32], drug: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the same, but for names like `glucagon-like`, in a stream of tokens, shape (names,).

    Args:
        stream: the tokens.
        first: first token of each name, shape (names,).
        length: number of its tokens, shape (names,).
        drug: whether it is a drug's name, shape (names,).
    """
    if not len(first):
        return np.zeros(0, bool)
    words = [word.lower() for word in stream.words]
    ahead, behind = (np.array([word in marks for word in words], bool)[stream.ids] for marks in (_AHEAD, _BEHIND))
    types = np.array([re.fullmatch(_TYPE, word) is not None for word in words], bool)[stream.ids]
    last = len(stream.ids) - 1
    after, beyond = np.minimum(first + length, last), np.minimum(first + length + 1, last)
    inside = first + length <= last
    found = inside & drug & (behind[after] | (types[after] & behind[beyond]))
    return np.asarray(found | ((first > 0) & ahead[np.maximum(first - 1, 0)]))
