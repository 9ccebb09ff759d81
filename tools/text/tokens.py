"""Text as arrays: words of many documents as indices into one vocabulary.

Everything that is counted over the literature (mentions, sentences, word profiles) starts from these arrays, so a text
is split once. A word is a run of letters and digits; brackets, stops, semicolons and line ends are kept as tokens too,
because brackets introduce abbreviations and stops end sentences.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

TOKEN = re.compile(r"\d+\.\d+|[^\W_]+|[().;\[\]\n]")
"""One token: a decimal number, a run of letters and digits, or one punctuation mark that matters."""

_ABBREVIATED = re.compile(
    r"(?:\b(?:vs|e\.g|i\.e|al|fig|no|approx|resp|dr|prof|st|ca|cf|incl|sp|spp|subsp|var|u\.s|u\.k|[A-Z])\.)$",
    re.IGNORECASE,
)
_END = re.compile(
    r"[\s)\"'”’](?:"
    r"(?<=[.!?].)(?:(?<=\S)[)\"'”’]*\s+|(?<=\s)\s*)(?=[A-Z0-9(\"“])"
    r"|(?<=\s)(?:"
    r"(?<=;.)\s*(?=(?:We|The|This|These|In|Our|Patients|Results|Conclusions?)\b)"
    r"|\s*(?<=\n)\s*|\s*…\s+|\s*(?=[*•]\s)|\s*(?=(?:Key )?(?:In|Ex)clusion [Cc]riteria)"
    r"))",
    re.DOTALL,
)
"""Where a sentence of a text ends, but for the stops of abbreviations.

Every end begins with a blank or what closes a quotation; only where one stands is the rest tried.
"""

STOPS = frozenset(".;\n[]")
"""Tokens that end a sentence."""

_BRITISH = tuple(
    pair.split("/")
    for pair in re.findall(
        r"\S+",
        """
    aemi/emi oedem/edem haem/hem oesoph/esoph rrhoe/rrhe tumour/tumor paed/ped leuka/leuke ischae/ische
    aesth/esth oestr/estr foet/fet goitre/goiter fibre/fiber sulph/sulf caecal/cecal coeliac/celiac
    hypoglycaem/hypoglycem dyspnoea/dyspnea apnoea/apnea faec/fec gynaec/gynec
""",
    )
)
"""British spellings and what they become."""


@lru_cache(maxsize=500_000)
def fold(word: str) -> str:
    """Bring a word to the form in which words are compared.

    That is lower case, American spelling and singular; long words by their sound.

    Args:
        word: One word as written.

    Returns:
        The folded word; words of three letters or fewer only lose their case.
    """
    low = word.lower()
    if len(low) <= 3:
        return low
    for old, new in _BRITISH:
        low = low.replace(old, new)
    # Even out the two ways of spelling drugs (``thioguanine``/``tioguanine``, ``cyclosporin``/``ciclosporine``).
    # Take the plural ending off a lower-case word.
    if low.endswith("ies") and len(low) > 4:
        singular = low[:-3] + "y"
    elif low.endswith(("sses", "shes", "ches", "xes")):
        singular = low[:-2]
    elif low.endswith("s") and not low.endswith(("ss", "us", "is", "as")):
        singular = low[:-1]
    else:
        singular = low
    if len(singular) < 7:
        return singular
    return singular.replace("ph", "f").replace("th", "t").replace("y", "i").removesuffix("e")


def is_shout(word: str) -> bool:
    """Say whether a word is written as an abbreviation: upper case, a small plural s aside ("NSCLC", "PPIs").

    Args:
        word: One word as written.
    """
    core = word[:-1] if len(word) > 2 and word.endswith("s") else word
    return core.isupper()


@dataclass(frozen=True)
class TokenStream:
    """The tokens of many texts, one after the other."""

    words: list[str]
    """The vocabulary: each token as written, once."""
    ids: NDArray[np.int32]
    """Index into ``words`` of each token, shape (tokens,)."""
    starts: NDArray[np.int64]
    """Where each text begins in ``ids``, shape (texts + 1,)."""

    def text_of(self) -> NDArray[np.int32]:
        """Return the text each token belongs to, shape (tokens,)."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))

    def folded(self) -> list[str]:
        """Return ``words`` folded, in the same order."""
        return [fold(word) for word in self.words]

    def hashes(self) -> NDArray[np.uint32]:
        """Return a 32-bit hash of each folded word that does not depend on the vocabulary, shape (words,)."""
        return np.array([zlib.crc32(word.encode()) for word in self.folded()], dtype=np.uint32)

    def flags(self, chosen: Iterable[str]) -> NDArray[np.bool_]:
        """Say for each vocabulary word whether it is one of ``chosen`` exactly as written, shape (words,)."""
        wanted = frozenset(chosen)
        return np.array([word in wanted for word in self.words], dtype=bool)


def tokenise(texts: Iterable[str]) -> TokenStream:
    """Split texts into tokens.

    Args:
        texts: Texts in the order in which they will be numbered.

    Returns:
        Their tokens as one stream.
    """
    index: dict[str, int] = {}
    ids: list[NDArray[np.int32]] = []
    starts = [0]
    for text in texts:
        found = TOKEN.findall(text)
        ids.append(np.fromiter((index.setdefault(word, len(index)) for word in found), np.int32, len(found)))
        starts.append(starts[-1] + len(found))
    joined = np.concatenate(ids) if ids else np.zeros(0, np.int32)
    return TokenStream(list(index), joined, np.asarray(starts, np.int64))


def sentence_numbers(stream: TokenStream) -> NDArray[np.int32]:
    """Number the sentences through the whole stream.

    A sentence ends at a stop followed by a capital letter, a digit or a bracket, at a line's end, and with its text.

    Args:
        stream: The tokens.

    Returns:
        The sentence of each token, shape (tokens,).
    """
    if not len(stream.ids):
        return np.zeros(0, np.int32)
    ends = stream.flags(STOPS)[stream.ids]
    opens = np.array([not word[:1].islower() for word in stream.words], dtype=bool)[stream.ids]
    first = np.zeros(len(stream.ids), dtype=bool)
    first[1:] = ends[:-1] & opens[1:]
    first[stream.starts[:-1][np.diff(stream.starts) > 0]] = True
    return np.cumsum(first, dtype=np.int32) - 1


def fold_all(words: Sequence[str]) -> tuple[str, ...]:
    """Return the folded words of one phrase."""
    return tuple(fold(word) for word in words)


def sentence_spans(text: str, start: int = 0) -> list[tuple[int, int]]:
    """Return where the sentences of a text stand, in order, blanks around them left out.

    Args:
        text: the text.
        start: offset from which on it is read.
    """
    found: list[tuple[int, int]] = []
    begin = start
    for end in _END.finditer(text, start):
        if end[0].isspace() and _ABBREVIATED.search(text[max(begin, end.start() - 8) : end.start()]):
            continue
        found.append((begin, end.start() + (0 if "…" in end[0] else len(end[0].rstrip()))))
        begin = end.end()
    found.append((begin, len(text)))
    return [trimmed for one in found if (trimmed := _trimmed(text, one))[0] < trimmed[1]]


def _trimmed(text: str, span: tuple[int, int]) -> tuple[int, int]:
    start, end = span
    bare = text[start:end].lstrip()
    return end - len(bare), end - len(bare) + len(bare.rstrip())
