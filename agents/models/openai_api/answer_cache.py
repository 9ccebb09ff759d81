"""Answers of chat models kept in SQLite, so that the same request is not paid for twice; failures are never kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from langchain_core.messages import AIMessage, message_to_dict, messages_from_dict

from kedrec.characters import mended

__all__ = ["AnswerCache", "digest_of"]

logger = logging.getLogger(__name__)

TABLE = "CREATE TABLE IF NOT EXISTS answers (request BLOB PRIMARY KEY, answer TEXT NOT NULL)"
SELECT = "SELECT answer FROM main.answers WHERE request = ?1"
SELECT_BOTH = f"{SELECT} UNION ALL SELECT answer FROM before.answers WHERE request = ?1 LIMIT 1"
PATIENCE = 1.0
"""Seconds to wait for another process that writes."""


class AnswerCache:
    """Answers by the hash of the whole request.

    An answer that was cut off, that calls a tool with broken arguments or that is empty is a failure of its kind and is
    not kept. An answer out of the cache says so (`response_metadata["cached"]`) and has used no tokens. Where the file
    cannot be read or written, the model is asked as if there were no cache, and a warning is logged. What was kept
    survives a kill of the process; the last answers before a power cut may be asked for again.

    Args:
        path: the SQLite file; made with its folder where missing. Several processes of one machine may share it.
        before: an earlier such file, looked into second and never written; nobody may write it meanwhile.
    """

    def __init__(self, path: Path, before: Path | None = None) -> None:
        self.path, self._before, self._lock = path, before, threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._warned = False
        self._asking: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, bytes], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def alone(self, digest: bytes) -> AsyncIterator[None]:
        """Wait until nobody on this event loop asks the same: who comes second finds the answer kept."""
        key = asyncio.get_running_loop(), digest
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with lock:
            yield

    def get_by_digest(self, digest: bytes) -> AIMessage | None:
        """The answer to the request with this hash, if it is there."""
        rows = self._run(SELECT if self._before is None else SELECT_BOTH, (digest,))
        return _from_text(rows[0][0]) if rows else None

    def keep_by_digest(self, digest: bytes, answer: AIMessage) -> bool:
        """Keep the answer to the request with this hash, unless it is a failure; returns whether it was none."""
        finished = answer.response_metadata.get("finish_reason") in ("stop", "tool_calls")
        if not (finished and not answer.invalid_tool_calls and bool(answer.content or answer.tool_calls)):
            return False
        self._run("INSERT OR REPLACE INTO main.answers VALUES (?, ?)", (digest, json.dumps(message_to_dict(answer))))
        return True

    def take_over(self, other: Path) -> None:
        """Take over the answers of another such file, at which nobody may be at work; again changes nothing."""
        if other.is_file():
            AnswerCache(other).settle()
            with closing(_connect(self.path, other)) as both:
                both.execute("INSERT OR IGNORE INTO main.answers SELECT * FROM before.answers")

    def settle(self) -> None:
        """Put everything into the one file, so that others may read it as their `before`, and close it."""
        if self.path.is_file():
            self._run("PRAGMA wal_checkpoint(TRUNCATE)", ())
        self.close()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _run(self, statement: str, values: tuple[Any, ...]) -> list[tuple[str]]:
        try:
            with self._lock:
                self._open = self._open or _connect(self.path, self._before)
                return self._open.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            if not self._warned:
                logger.warning("Model answers are not kept: %s: %s", self.path, error)
            self._warned = True
            return []


def _connect(path: Path, before: Path | None = None) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    address = path.absolute().as_uri()
    made = sqlite3.connect(address, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=True)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("PRAGMA synchronous = NORMAL")
    made.execute(TABLE)
    if before is not None:
        made.execute("ATTACH ? AS before", (f"{before.absolute().as_uri()}?mode=ro&immutable=1",))
    return made


def digest_of(request: Any) -> bytes:
    """The hash by which the answer to a request is kept."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, ensure_ascii=False).encode()).digest()


def _from_text(text: str) -> AIMessage:
    message = messages_from_dict([mended(json.loads(text))])[0]
    unused = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    metadata = {**message.response_metadata, "cached": True}
    found: AIMessage = message.model_copy(update={"usage_metadata": unused, "response_metadata": metadata, "id": None})  # type: ignore[assignment]
    return found
