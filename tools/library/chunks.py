"""Documents cut into passages: the chunks that are indexed, embedded, cited.

A text of up to 300 words stays whole; a longer one is cut between sentences into passages of about equal length, 250
words at most, and never across the border of two sections. A passage is always a literal stretch of its document's
text (or title) and knows where it begins and ends.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from kedrec.records import Document

__all__ = ["CHUNKING", "LONGEST_WHOLE", "WORDS", "ChunkSpan", "cut", "passage_id", "section_text", "spans"]

WORDS = 250
"""Most words of one passage of a text that is cut."""
LONGEST_WHOLE = 300
"""Most words of a text that is not cut."""
CHUNKING = f"sentences-{WORDS}-{LONGEST_WHOLE}-1"
"""Name of this way of cutting; another one makes other passages."""

_WORD = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n+")


@dataclass(frozen=True)
class ChunkSpan:
    """Where a passage stands in its document."""

    section: str
    """`title`, `abstract`, `text`, or the name of the document's own section."""
    number: int
    """0 where the document has one passage, else from 1 within the sections of that name."""
    start: int
    """Offset of the first character in the text, or in the title where that is the section."""
    end: int
    """Offset behind the last character."""


def spans(document: Document) -> list[ChunkSpan]:
    """Cut a document.

    Args:
        document: The document.

    Returns:
        Its passages in order; one of the title where there is no other text.
    """
    section = "abstract" if document.corpus == "pubmed" else "text"
    if not document.text.strip():
        section = "title"
    pieces = cut(section_text(document.title, document.text, section))
    if len(pieces) > 1 and document.sections:
        return list(_by_section(document))
    return [ChunkSpan(section, i if len(pieces) > 1 else 0, start, end) for i, (start, end) in enumerate(pieces, 1)]


def _by_section(document: Document) -> Iterator[ChunkSpan]:
    """Cut each section by itself; sections of one name are counted on."""
    ends = [*(section.start for section in document.sections[1:]), len(document.text)]
    counts: Counter[str] = Counter()
    for section, stop in zip(document.sections, ends, strict=True):
        for start, end in cut(document.text[section.start : stop]):
            counts[section.name] += 1
            yield ChunkSpan(section.name, counts[section.name], section.start + start, section.start + end)


def section_text(title: str, text: str, section: str) -> str:
    """Return the text that the offsets of a section count in."""
    return title if section == "title" else text


def passage_id(document_id: str, section: str, number: int) -> str:
    """Return the id of a passage: the document's, and `#section-n` where there are several."""
    return f"{document_id}#{section}-{number}" if number else document_id


def cut(text: str) -> list[tuple[int, int]]:
    """Cut a text between sentences.

    Args:
        text: Any text.

    Returns:
        Start and end of each piece, in order, not overlapping, without blanks at the ends; together they hold every
        word.
    """
    words = len(text.split())
    if words <= LONGEST_WHOLE:
        return _trimmed(text, [(0, len(text))])
    size = words / -(-words // WORDS)
    # Join sentences to pieces of about `size` words, never more than WORDS.
    pieces: list[tuple[int, int]] = []
    start = end = held = 0
    for first, last, many in _sentences(text):
        if held and (held + many > WORDS or held + many / 2 > size):
            pieces.append((start, end))
            start, held = first, 0
        end, held = last, held + many
    return _trimmed(text, [*pieces, (start, end)])


def _sentences(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and number of words of each sentence; one longer than WORDS comes in parts."""
    start = 0
    for end in [*(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]:
        marks = [found.start() for found in _WORD.finditer(text, start, end)]
        for first in range(0, len(marks), WORDS):
            part = marks[first : first + WORDS]
            yield part[0], marks[first + WORDS] if first + WORDS < len(marks) else end, len(part)
        start = end


def _trimmed(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Take the blanks off both ends of each piece, and empty pieces out."""
    trimmed = []
    for start, end in pieces:
        body = text[start:end]
        left, right = start + len(body) - len(body.lstrip()), end - (len(body) - len(body.rstrip()))
        if left < right:
            trimmed.append((left, right))
    return trimmed
