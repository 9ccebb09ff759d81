"""The first bytes by which a file is recognised, whatever its name."""

from __future__ import annotations

__all__ = ["GZIP", "WEB_PAGE", "ZIP"]

GZIP = b"\x1f\x8b"
"""RFC 1952, section 2.3.1."""
ZIP = b"PK\x03\x04"
"""A member of an archive; an empty archive begins otherwise. APPNOTE.TXT, section 4.3.7."""
WEB_PAGE = (b"<!doctype html", b"<html")
"""In lower case, behind blanks: what a server sends in place of a file."""
