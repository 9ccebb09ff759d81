"""What the literature of the home holds."""

from __future__ import annotations

from kedrec.cli.literature.opening import open_literature
from kedrec.cli.terminal.console import Json, emit_json

__all__ = ["info"]


def info(json: Json = False) -> None:
    """Type:  kedrec literature info.

    Count documents and passages, and how many are embedded, retracted or without a date; show the hash of all.
    """
    found = open_literature().info()
    if json:
        return emit_json(found)
    for corpus, count in found.documents.items():
        print(f"{corpus}: {count:,} documents, {found.passages[corpus]:,} passages")
    passages = sum(found.passages.values())
    print(f"embedded: {found.embedded:,} of {passages:,} passages")
    print(f"retracted: {found.retracted:,}; without a date: {found.undated:,}; could not be read: {found.rejected:,}")
    if found.cut:
        print(found.cut)
    print(f"on disk: {found.bytes / 1e6:,.1f} MB")
    print(f"content: {found.content_sha256 or '(empty)'}")
    return None
