"""What a record of a source turns out to be."""

from __future__ import annotations

from dataclasses import dataclass

from kedrec.records import Document

__all__ = ["Deleted", "Dropped", "Item", "LeftOut", "Rejected"]


@dataclass(frozen=True)
class Deleted:
    """A record that its source has taken back."""

    id: str
    """Document id."""


@dataclass(frozen=True)
class LeftOut:
    """A sound record that is not kept."""

    id: str
    """Document id."""
    reason: str
    """`no title`, `no abstract`, `no text` or `no known drug`."""


@dataclass(frozen=True)
class Rejected:
    """A record that cannot be read."""

    place: str
    """Where it stands: the member of an archive, and the number of the line or record in it, from 1."""
    id: str
    """Document id where it could be made out, else empty."""
    reason: str
    """What is wrong with it."""


@dataclass(frozen=True)
class Dropped:
    """A field of a document that is not understood: the document is kept without it."""

    id: str
    """Document id."""
    field: str
    """Its name."""
    value: str
    """The beginning of what it holds."""


Item = Document | Deleted | Dropped | LeftOut | Rejected
