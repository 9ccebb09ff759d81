"""Records out of XML files of any length, one at a time, each parsed by itself.

A file is cut at the tags of its records, so that one record that is not well-formed costs only itself, and memory is
that of one record. No parser ever sees a document type: entities are never declared, so never expanded, and no DTD is
ever fetched. The named entities of HTML are known; any other makes its record unreadable.
"""

from __future__ import annotations

import codecs
import html
import io
import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["CutOff", "elements", "parse", "root_tag", "text_of"]

_CHUNK = 1 << 20
_LARGEST = 256 << 20
"""Bytes of the largest record that is taken for one."""
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]*)")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([\w.-]+)["']""")
_NAMED = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]*);")
_PREFIX = re.compile(rb"[<\s]([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*(?=[\s=/>])")
_PART = "prefixes declared outside"
"""Attribute of a root whose prefixes were."""
_TAIL = 256


class CutOff(EOFError):
    """A file that ends before its last element does."""


def root_tag(head: bytes) -> str:
    """Return the tag of the outermost element, by the first bytes of a file; empty if there is none."""
    found = _ROOT.search(_COMMENT.sub(b"", head))
    return found[1].decode("ascii", "replace") if found else ""


def elements(stream: io.BufferedReader, tags: Sequence[str]) -> Iterator[bytes]:
    """Yield the elements of given tags, wherever they stand, as UTF-8.

    Args:
        stream: The file.
        tags: Tags of the records; none of them stands within another.

    Raises:
        CutOff: the file ends within a record or before its outermost element does, or a record has no end.
        ValueError: it declares an encoding that is not known.
    """
    head = stream.peek(_CHUNK)[:_CHUNK]
    # The encoding that a file declares; what was UTF-16 comes as UTF-8 already.
    declared = _ENCODING.search(head[:200])
    name = declared[1].decode().lower() if declared else "utf-8"
    if name.startswith(("utf", "us-ascii")):
        encoding = "utf-8"
    else:
        try:
            encoding = codecs.lookup(name).name
        except LookupError:
            raise ValueError(f"written in {name}, which is not known; convert it to UTF-8 first") from None
    root = root_tag(head).encode()
    opening = re.compile(rb"<(" + b"|".join(tag.encode() for tag in tags) + rb")(?=[\s/>])")
    window = _Window(stream)
    while (found := window.find(opening)) is not None:
        record = window.element(found[1])
        yield record if encoding == "utf-8" else record.decode(encoding, "replace").encode()
    if root.decode() not in tags and not re.search(b"</" + root + rb"\s*>|<" + root + rb"[^>]*/>", window.rest):
        raise CutOff(f"</{root.decode()}> is missing at its end")


class _Window:
    """The part of a file that is held while its records are cut out."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._held, self._place = b"", 0

    @property
    def rest(self) -> bytes:
        """What is held from here on."""
        return self._held[self._place :]

    def _more(self, kept: int) -> bool:
        """Read on; of what is held, keep what stands behind `kept`."""
        chunk = self._stream.read(max(_CHUNK, (len(self._held) - kept) // 2))
        self._held, self._place = self._held[kept:] + chunk, 0
        return bool(chunk)

    def find(self, opening: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Go to the next opening tag; at the end of the file its last bytes are held."""
        while (found := opening.search(self._held, self._place)) is None:
            kept = max(self._place, len(self._held) - _TAIL)
            if not self._more(kept):
                return None
        self._place = found.start()
        return found

    def element(self, tag: bytes) -> bytes:
        """Take the element that begins here."""
        closing = re.compile(b"</" + tag + rb"\s*>")
        looked = 0
        while (end := self._end(tag, closing, self._place + looked)) < 0:
            looked = max(0, len(self._held) - self._place - len(tag) - 64)
            if len(self._held) - self._place > _LARGEST:
                raise CutOff(f"a <{tag.decode()}> has no end within {_LARGEST >> 20} MiB")
            if not self._more(self._place):
                raise CutOff(f"it ends within a <{tag.decode()}>")
        record, self._place = self._held[self._place : end], end
        return record

    def _end(self, tag: bytes, closing: re.Pattern[bytes], start: int) -> int:
        """Return where the element ends, -1 where that is not held yet."""
        empty = re.compile(b"<" + tag + rb"[^<>]*/>").match(self._held, self._place)
        found = empty or closing.search(self._held, start)
        return found.end() if found else -1


def parse(record: bytes) -> Element:
    """Parse one record; tags come without their namespaces.

    Raises:
        ValueError: it is not well-formed, or refers to an entity that is none of HTML's.
    """
    if b"&" in record:
        record = _NAMED.sub(_character, record)
    root = _tree(record)
    for element in root.iter() if b"xmlns" in record or root.get(_PART) else ():
        if element.tag.startswith("{"):
            element.tag = element.tag.rpartition("}")[2]
    return root


def _tree(record: bytes) -> Element:
    try:
        return ElementTree.fromstring(record)
    except ElementTree.ParseError as error:
        if "unbound prefix" not in str(error):
            raise ValueError(f"not well-formed XML ({error})") from None
    names = b" ".join(
        b"xmlns:%b='%b'" % (name, name) for name in sorted(set(_PREFIX.findall(record)) - {b"xml", b"xmlns"})
    )
    try:
        root = ElementTree.fromstring(b"<part %b>%b</part>" % (names, record))[0]
    except ElementTree.ParseError as error:
        raise ValueError(f"not well-formed XML ({error})") from None
    root.set(_PART, "yes")
    return root


def _character(found: re.Match[bytes]) -> bytes:
    name = found[0].decode()
    known = html.unescape(name)
    return known.encode() if known != name else found[0]


def text_of(element: Element | None) -> str:
    """Return all text in an element, blanks as single spaces; empty where there is no element."""
    return "" if element is None else " ".join("".join(element.itertext()).split())
