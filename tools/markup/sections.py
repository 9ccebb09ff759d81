"""Texts of several named parts."""

from __future__ import annotations

from collections.abc import Iterable

from kedrec.records import Section

__all__ = ["joined"]


def joined(parts: Iterable[tuple[str, str]]) -> tuple[str, tuple[Section, ...]]:
    """Join named parts to one text; say where each begins. Empty ones are left out.

    Args:
        parts: Name and text of each.
    """
    texts, sections, place = [], [], 0
    for name, text in parts:
        if text:
            sections.append(Section(name=name, start=place))
            texts.append(text)
            place += len(text) + 2
    return "\n\n".join(texts), tuple(sections)
