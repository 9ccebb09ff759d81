"""The store of traces: append-only, compressed, a few kilobytes a question; texts that many share are held once."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kedrec.agents.frames import FrameFile
from kedrec.agents.packing import DIGEST, digest, pack, unpack
from kedrec.agents.redaction import Redactor
from kedrec.errors import DamagedData, NotReady, UserError
from kedrec.records import Record, Trace

__all__ = ["TraceStore", "TraceSummary"]

LEVEL = 6
"""Of zstd."""
CACHED_FRAMES = 512
"""Frames whose texts are kept in memory."""


class TraceSummary(Record):
    """A trace in one line."""

    id: str
    """Its id."""
    created: str
    """When, ISO 8601, UTC."""
    disease: str
    """As asked."""
    candidates: tuple[str, ...]
    """As asked."""
    setting: str
    """Which corpora were used."""
    model: str
    """Model specification."""
    choice: str | None
    """Name of the chosen drug."""
    abstained: str | None
    """The reason, where there is no choice."""
    error: str | None
    """Type of the error, where the run failed."""
    calls: int
    """Number of calls of model and tools."""
    seconds: float
    """Wall-clock."""


class TraceStore:
    """Traces in a folder. Several processes may append; readers see whole traces only.

    Args:
        folder: the folder; made by the first append.
    """

    def __init__(self, folder: Path) -> None:
        self._file = FrameFile(folder / "traces.log")
        self._end = 0
        self._lock = threading.RLock()
        self._summaries: OrderedDict[str, TraceSummary] = OrderedDict()
        self._offsets: dict[str, int] = {}
        self._homes: dict[bytes, tuple[int, int]] = {}
        self._texts: OrderedDict[int, Sequence[str]] = OrderedDict()

    def append(self, trace: Trace) -> None:
        """Add a trace; when this returns it is on the disk. Secrets of the environment are taken out once more."""
        redactor, row, summary = Redactor(), trace.model_dump(mode="json"), _summary(trace)
        with self._lock, self._file.appending():
            self._refresh()
            head, body = self._frame(row, summary)
            if redactor.suspects(body) or redactor.suspects(head.decode("utf-8", "replace")):
                summary = TraceSummary.model_validate(redactor.plain(summary.model_dump(mode="json")))
                head, body = self._frame(redactor.plain(row), summary)
            self._file.append(self._end, head, _compress(body.encode("utf-8", "surrogatepass")))
            self._refresh()

    def list(self, limit: int | None = None) -> list[TraceSummary]:
        """Summaries, newest first."""
        with self._lock:
            self._refresh()
            newest = sorted(self._summaries.values(), key=lambda summary: summary.id, reverse=True)
            return newest if limit is None else newest[:limit]

    def get(self, trace_id: str) -> Trace:
        """A trace.

        Args:
            trace_id: its id, a beginning that only one id has, or `latest`.

        Raises:
            NotReady: where there is none.
            UserError: where several ids begin so.
            DamagedData: where it cannot be read.
        """
        with self._lock:
            self._refresh()
            return self._read(self._offsets[self._resolve(trace_id)])

    def _resolve(self, asked: str) -> str:
        if asked in self._offsets:
            return asked
        if asked == "latest" and self._offsets:
            return max(self._offsets)
        matching = [known for known in self._offsets if asked and known.startswith(asked)]
        if len(matching) > 1:
            raise UserError(
                f"{len(matching)} traces begin with {asked!r}: {', '.join(sorted(matching)[:4])}. Give more of the id."
            )
        if not matching:
            raise NotReady(
                f"No trace {asked!r} in {self._file.path.parent}. `kedrec trace list` shows those that are there."
            )
        return matching[0]

    def _refresh(self) -> None:
        """Take in what was appended since, by whichever process."""
        frames, self._end = self._file.scan(self._end)
        for offset, head in frames:
            line, _, digests = head.partition(b"\n")
            summary = TraceSummary.model_validate_json(line)
            self._summaries[summary.id], self._offsets[summary.id] = summary, offset
            for at in range(0, len(digests), DIGEST):
                self._homes[digests[at : at + DIGEST]] = (offset, at // DIGEST)

    def _frame(self, row: dict[str, Any], summary: TraceSummary) -> tuple[bytes, str]:
        """First part, and second before it is compressed: the row, and the texts that no frame holds yet."""
        numbers: dict[str, int] = {}
        packed = pack(row, lambda text: numbers.setdefault(text, len(numbers)))
        digests = {text: digest(text) for text in numbers}
        new = [text for text, key in digests.items() if key not in self._homes]
        refs = b"".join(digests.values()).hex()
        body = json.dumps({"row": packed, "refs": refs, "texts": new}, ensure_ascii=False, separators=(",", ":"))
        head = summary.model_dump_json().encode() + b"\n" + b"".join(digests[text] for text in new)
        return head, body

    def _read(self, offset: int) -> Trace:
        content = self._content(offset)
        refs = bytes.fromhex(content["refs"])
        self._keep(offset, content["texts"])
        texts = [self._text(refs[at : at + DIGEST]) for at in range(0, len(refs), DIGEST)]
        return Trace.model_validate(unpack(content["row"], texts.__getitem__))

    def _text(self, key: bytes) -> str:
        if key not in self._homes:
            raise DamagedData(f"A text that this trace shares with another is lost: {self._file.path} was damaged.")
        offset, index = self._homes[key]
        if offset not in self._texts:
            self._keep(offset, self._content(offset)["texts"])
        return self._texts[offset][index]

    def _keep(self, offset: int, texts: Sequence[str]) -> None:
        """Keep a frame's texts in memory, for the others that share them."""
        self._texts[offset] = texts
        self._texts.move_to_end(offset)
        if len(self._texts) > CACHED_FRAMES:
            self._texts.popitem(last=False)

    def _content(self, offset: int) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(_decompress(self._file.body(offset)).decode("utf-8", "surrogatepass"))
        return content


def _summary(trace: Trace) -> TraceSummary:
    outcome = trace.recommendation
    names = {drug.id: drug.name for drug in outcome.candidates} if outcome else {}
    return TraceSummary(
        id=trace.id,
        created=trace.created,
        disease=outcome.disease.name if outcome else str(trace.question.get("disease", "")),
        candidates=tuple(names.values()) or tuple(map(str, trace.question.get("candidates", ()))),
        setting=str(trace.question.get("setting", "")),
        model=str(trace.config.get("model", "")),
        choice=names.get(outcome.choice or "") if outcome else None,
        abstained=outcome.abstained if outcome else None,
        error=trace.error["type"] if trace.error else None,
        calls=len(trace.calls),
        seconds=trace.seconds,
    )


def _compress(data: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL).compress(data)


def _decompress(data: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdDecompressor().decompress(data)
