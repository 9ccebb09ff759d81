"""An append-only file of frames: several processes append, others read meanwhile, damage is found by checksum.

A frame is a header (magic, lengths of its two parts, CRC-32 of both) and the two parts. Where a frame does not hold,
the next one that does is looked for; a tail without any is cut off by the next writer.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kedrec.errors import DamagedData

__all__ = ["Frame", "FrameFile", "frame"]

MAGIC = b"KTF2"
HEADER = struct.Struct("<4sIII")
LOG = logging.getLogger(__name__)


class Frame(NamedTuple):
    """One frame as found while scanning."""

    offset: int
    """Where it begins."""
    head: bytes
    """Its first part."""


class FrameFile:
    """Frames in one file.

    Args:
        path: the file; need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def scan(self, start: int) -> tuple[list[Frame], int]:
        """Frames from an offset on.

        Args:
            start: offset of a frame, or the end of the last one.

        Returns:
            The whole frames, and the offset behind the last of them.
        """
        if not self.path.is_file() or self.path.stat().st_size <= start:
            return [], start
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            at = start
            frames: list[Frame] = []
            end = at
            while at < len(data):
                head_size = _whole(data, at)
                if head_size is None:
                    found = data.find(MAGIC, at + 1)
                    at = len(data) if found < 0 else found
                    continue
                if at > end:
                    LOG.warning("%s: %d damaged bytes at byte %d are passed over", self.path, at - end, end)
                head_from = at + HEADER.size
                frames.append(Frame(at, data[head_from : head_from + head_size]))
                at = end = head_from + sum(HEADER.unpack_from(data, at)[1:3])
            return frames, end

    def head(self, offset: int) -> bytes:
        """The first part of the frame at an offset.

        Raises:
            DamagedData: if there is none that holds.
        """
        return self._read(offset)[0]

    def body(self, offset: int) -> bytes:
        """The second part of the frame at an offset.

        Raises:
            DamagedData: if there is none that holds.
        """
        return self._read(offset)[1]

    def _read(self, offset: int) -> tuple[bytes, bytes]:
        with self.path.open("rb") as file:
            file.seek(offset)
            header = file.read(HEADER.size)
            rest = file.read(sum(HEADER.unpack(header)[1:3])) if len(header) == HEADER.size else b""
        if len(header) != HEADER.size:
            holds = False
        else:
            magic, head, body, crc = HEADER.unpack(header)
            holds = bool(magic == MAGIC and len(rest) == head + body and zlib.crc32(rest) == crc)
        if not holds:
            raise DamagedData(f"{self.path} is damaged at byte {offset}; the other records in it can still be read.")
        size = HEADER.unpack(header)[1]
        return rest[:size], rest[size:]

    @contextmanager
    def appending(self) -> Iterator[None]:
        """Hold the file for appending; waits for other writers."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def append(self, end: int, frames: bytes) -> None:
        """Write frames behind the last whole one, all or none; only while `appending`.

        Args:
            end: offset behind the last whole frame, as `scan` found it; what lies behind is damaged and cut off.
            frames: as `frame` makes them, joined.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            beyond = os.fstat(handle).st_size - end
            if beyond > 0:
                LOG.warning(
                    "%s: %d damaged bytes at the end were cut off; everything before them is kept", self.path, beyond
                )
                os.ftruncate(handle, end)
            written = os.pwrite(handle, frames, end)
            if written != len(frames):
                os.ftruncate(handle, end)
                raise OSError(f"{self.path}: only {written} of {len(frames)} bytes could be written; is the disk full?")
            os.fdatasync(handle)
        finally:
            os.close(handle)


def frame(head: bytes, body: bytes) -> bytes:
    """A frame of two parts."""
    return HEADER.pack(MAGIC, len(head), len(body), zlib.crc32(body, zlib.crc32(head))) + head + body


def _whole(data: mmap.mmap, at: int) -> int | None:
    """Size of the first part of the frame at an offset; None where no frame holds there."""
    if at + HEADER.size > len(data):
        return None
    magic, head, body, crc = HEADER.unpack_from(data, at)
    start = at + HEADER.size
    if magic != MAGIC or start + head + body > len(data) or zlib.crc32(data[start : start + head + body]) != crc:
        return None
    return int(head)
