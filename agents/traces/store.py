"""The store of traces: append-only, compressed, a few kilobytes a question; texts that many share are held once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kedrec.agents.traces.frame_file import FrameFile, frame
from kedrec.agents.traces.recent_cache import TwoGenerationCache
from kedrec.agents.traces.text_dedup import DIGEST, digest, pack, unpack
from kedrec.characters import mended
from kedrec.errors import DamagedData, NotReady, UserError
from kedrec.records import Record, Trace, no_choice
from kedrec.redaction import Redactor

__all__ = ["TraceStore", "TraceSummary"]

LEVEL = 3
"""Of zstd."""
CACHED_FRAMES = 256
"""Frames whose texts are kept in memory, at least."""
KNOWN_TEXTS = 30_000
"""Texts of which it is kept in memory where they are, at least; one that is older is written once more."""
ROW, PLACES = '{"row":', ',"places":'
"""What a body begins with, and what stands behind the row; last of all in there, as quotes in texts are escaped."""

Place = tuple[int, int]
"""Where a text is: offset of its frame, and its number there."""


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
    leaning: str | None = None
    """Name of the drug that the evidence leans to, where it was too close to call; null in older traces."""
    abstained: str | None
    """The reason, where there is no choice."""
    error: str | None
    """Type of the error, where the run failed."""
    calls: int
    """Number of calls of model and tools."""
    seconds: float
    """Wall-clock."""

    @property
    def outcome(self) -> str:
        """The outcome in a line: the error, the choice, or why nothing was chosen."""
        why = no_choice(self.leaning, self.abstained)
        return self.error or self.choice or f"{why[0].lower()}{why[1:]}"


class TraceStore:
    """Traces in a folder. Several processes may append; readers see whole traces only.

    A frame of the file holds a summary, the row, and the texts that no earlier frame holds; the row points at texts by
    frame and number. Which texts are there already is known for the latest ones only, so that memory stays flat.

    Args:
        folder: the folder; made by the first append.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = FrameFile(folder / "traces.frames")
        self._end = self._indexed = 0
        self._lock = threading.RLock()
        self._offsets: dict[str, int] = {}
        self._known = TwoGenerationCache[bytes, Place](KNOWN_TEXTS)
        self._texts = TwoGenerationCache[int, Sequence[str]](CACHED_FRAMES)

    def append(self, *traces: Trace) -> None:
        """Add traces; when this returns they are on the disk. Secrets of the environment are taken out once more."""
        redactor = Redactor()
        self._add(self._clean_frame(trace, redactor) for trace in traces)

    def take_over(self, other: TraceStore, ids: Sequence[str]) -> None:
        """Add traces of another store just as they are there, which takes a quarter of reading and appending them.

        Args:
            other: the store.
            ids: of the traces.

        Raises:
            NotReady: where one is not there.
            DamagedData: where one cannot be read.
        """
        redactor = Redactor()
        with other._lock:
            other._index()
            self._add(self._same_frame(other, other._offsets[other._resolve(known)], redactor) for known in ids)

    def _add(self, made: Iterator[tuple[bytes, str]]) -> None:
        """Write frames; each is made when those before it are known."""
        with self._lock, self._file.appending():
            # Find the end, and the texts that were appended since.
            appended, self._end = self._file.scan(self._end)
            for offset, first in appended:
                self._take(offset, first)
            frames, end = list[bytes](), self._end
            try:
                for head, body in made:
                    frames.append(frame(head, _compress(body.encode("utf-8", "surrogatepass"))))
                    self._take(end, head)
                    end += len(frames[-1])
                self._file.append(self._end, b"".join(frames))
            except BaseException:
                self._known.clear()
                raise
            self._end = end

    def list(self, limit: int | None = None) -> list[TraceSummary]:
        """Summaries, the latest first."""
        with self._lock:
            self._index()
            latest = islice(sorted(self._offsets.values(), reverse=True), limit)
            return [TraceSummary.model_validate_json(_parts(self._file.head(offset))[0]) for offset in latest]

    def ids(self) -> tuple[str, ...]:
        """Ids, in the order in which they were written."""
        with self._lock:
            self._index()
            return tuple(sorted(self._offsets, key=self._offsets.__getitem__))

    def get(self, trace_id: str) -> Trace:
        """A trace.

        Args:
            trace_id: its id, a beginning that only one id has, or `latest`.

        Raises:
            NotReady: if there is none.
            UserError: where several ids begin so.
            DamagedData: where it cannot be read.
        """
        with self._lock:
            self._index()
            return self._read(self._offsets[self._resolve(trace_id)])

    def __contains__(self, trace_id: str) -> bool:
        """Whether a trace with this id, or with one that begins so, is there."""
        with self._lock:
            self._index()
            return any(known.startswith(trace_id) for known in self._offsets)

    def _resolve(self, asked: str) -> str:
        if asked in self._offsets:
            return asked
        if asked == "latest" and self._offsets:
            return max(self._offsets, key=self._offsets.__getitem__)
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

    def _index(self) -> None:
        """Take note of what was appended since, by whichever process; who only appends need not know."""
        frames, self._indexed = self._file.scan(self._indexed)
        for offset, head in frames:
            self._offsets[json.loads(_parts(head)[0])["id"]] = offset

    def _take(self, offset: int, head: bytes) -> None:
        """Take note of a frame's texts."""
        _, digests = _parts(head)
        for number, at in enumerate(range(0, len(digests), DIGEST)):
            self._known[digests[at : at + DIGEST]] = (offset, number)

    def _clean_frame(self, trace: Trace, redactor: Redactor) -> tuple[bytes, str]:
        row, summary = trace.model_dump(mode="json"), _summary(trace)
        head, body = self._frame(row, summary)
        if redactor.suspects(body) or redactor.suspects(head.decode("utf-8", "replace")):
            summary = TraceSummary.model_validate(redactor.plain(summary.model_dump(mode="json")))
            head, body = self._frame(redactor.plain(row), summary)
        return head, body

    def _same_frame(self, other: TraceStore, offset: int, redactor: Redactor) -> tuple[bytes, str]:
        summary, _ = _parts(other._file.head(offset))
        row, _, rest = other._body(offset).removeprefix(ROW).rpartition(PLACES)
        head, body = self._placed(summary, row, other._texts_of(json.loads(f'{{"":0{PLACES}{rest}')))
        if redactor.suspects(body) or redactor.suspects(summary.decode("utf-8", "replace")):
            return self._clean_frame(other._read(offset), redactor)
        return head, body

    def _frame(self, row: dict[str, Any], summary: TraceSummary) -> tuple[bytes, str]:
        numbers: dict[str, int] = {}
        packed = pack(row, lambda text: numbers.setdefault(text, len(numbers)))
        return self._placed(summary.model_dump_json().encode(), _json(packed), list(numbers))

    def _placed(self, summary: bytes, row: str, texts: Sequence[str]) -> tuple[bytes, str]:
        """First part, and second before it is compressed: the row, where its texts are, and those that are new."""
        new: dict[str, bytes] = {}
        places: list[Place | int] = []
        for text in texts:
            key = digest(text)
            known = self._known.get(key)
            places.append(len(new) if known is None else known)
            if known is None:
                new[text] = key
        body = f'{ROW}{row}{PLACES}{_json(places)},"texts":{_json(list(new))}}}'
        return summary + b"\n" + b"".join(new.values()), body

    def _read(self, offset: int) -> Trace:
        content = json.loads(self._body(offset))
        row = mended(unpack(content["row"], self._texts_of(content).__getitem__))
        try:
            return Trace.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise DamagedData(
                f"The trace {row.get('id')} was written by another version of kedrec: {place}: {first['msg']}."
            ) from None

    def _texts_of(self, content: dict[str, Any]) -> Sequence[str]:
        """The texts of a row by their numbers."""
        own = content["texts"]
        return [own[at] if isinstance(at, int) else self._text(*at) for at in content["places"]]

    def _text(self, offset: int, number: int) -> str:
        texts = self._texts.get(offset)
        if texts is None:
            try:
                found: Sequence[str] = json.loads(self._body(offset))["texts"]
            except DamagedData as error:
                raise DamagedData(f"A text that this trace shares with another is lost: {error}") from None
            texts = self._texts[offset] = found
        return texts[number]

    def _body(self, offset: int) -> str:
        data = self._file.body(offset)
        import zstandard

        return zstandard.ZstdDecompressor().decompress(data).decode("utf-8", "surrogatepass")


def _parts(head: bytes) -> tuple[bytes, bytes]:
    """The summary as JSON, and the digests of the frame's texts, joined."""
    summary, _, digests = head.partition(b"\n")
    return summary, digests


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
        leaning=names.get(outcome.leaning or "") if outcome else None,
        abstained=outcome.abstained if outcome else None,
        error=trace.error["type"] if trace.error else None,
        calls=len(trace.calls),
        seconds=trace.seconds,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _compress(data: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=LEVEL).compress(data)
