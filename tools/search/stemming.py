"""Texts to words to term numbers: what the lexical index counts.

A word is a lower-case run of letters and digits, stemmed (Snowball English) unless it is a stop word. Character
references that a source left in its text (`&#x02122;`) are read as what they stand for, accents are taken off, and
Greek letters are spelt out, so that `TNF-α` and `TNF-alpha` are one.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

__all__ = ["BORDER", "UNKNOWN", "Vocabulary", "words"]

BORDER = 0
"""Term that stands between title and text and at the end of a passage; no word is numbered so."""
UNKNOWN, STOP = -1, -2

_WORD = re.compile(r"[^\W_]+")
_STOP_WORDS = (
    "a an and are as at be but by for if in into is it of on or such that the their then there these they this to was "
    "were will with"
)
_STOP = frozenset(_STOP_WORDS.split())
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon "
    "phi chi psi omega"
)
_SPELT = dict(zip(range(ord("α"), ord("ω") + 1), _GREEK.split(), strict=True))
_SPELT |= dict.fromkeys(map(ord, "™®℠"), " ")


def words(text: str) -> list[str]:
    """Return the lower-case words of a text in order."""
    return _WORD.findall(_plain(text))


def _plain(text: str) -> str:
    """Return a text in lower case, without references, accents and Greek letters."""
    text = html.unescape(text) if "&" in text else text
    if text.isascii():
        return text.lower()
    parted = unicodedata.normalize("NFKD", text.lower().translate(_SPELT))
    return "".join(letter for letter in parted if not unicodedata.combining(letter)).lower().translate(_SPELT)


class Vocabulary:
    """The vocabulary: words to term numbers, stems once.

    Args:
        numbers: Known stems; new ones are added by `grow`.
    """

    def __init__(self, numbers: dict[str, int]) -> None:
        import Stemmer

        self.numbers = numbers
        self._stem: Callable[[str], str] = Stemmer.Stemmer("english", 0).stemWord
        self._seen: dict[str, int] = {}

    def known(self, text: str) -> list[int]:
        """Return the terms of a text that the vocabulary has, in order."""
        return [number for number in self.places(text) if number != UNKNOWN]

    def places(self, text: str) -> list[int]:
        """Return the terms of a text in order, UNKNOWN for a word that the vocabulary lacks, stop words left out."""
        return [number for number in map(self._look_up, words(text)) if number != STOP]

    def _look_up(self, word: str) -> int:
        """Return a word's term, UNKNOWN or STOP."""
        return STOP if word in _STOP else self.numbers.get(self._stem(word), UNKNOWN)

    def complete(self, phrase: str) -> list[int] | None:
        """Return the terms of a phrase, or None where the vocabulary lacks one of them."""
        wanted = self.places(phrase)
        return None if UNKNOWN in wanted or not wanted else wanted

    def grow(self, text: str) -> list[int]:
        """Return the terms of a text, new ones added to the vocabulary."""
        numbers = []
        for word in words(text):
            number = self._seen.get(word)
            if number is None:
                number = STOP if word in _STOP else self.numbers.setdefault(self._stem(word), len(self.numbers))
                self._seen[word] = number
            if number >= 0:
                numbers.append(number)
        return numbers
