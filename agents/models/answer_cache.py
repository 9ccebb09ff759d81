"""Answers of chat models kept in SQLite, so that the same request is not paid for twice; failures are never kept."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, message_to_dict, messages_from_dict

__all__ = ["AnswerCache", "digest_of"]

logger = logging.getLogger(__name__)

TABLE = "CREATE TABLE IF NOT EXISTS answers (request BLOB PRIMARY KEY, answer TEXT NOT NULL) WITHOUT ROWID"
PATIENCE = 1.0
"""Seconds to wait for another process that writes."""


class AnswerCache:
    """Answers by the hash of the whole request.

    An answer that was cut off, that calls a tool with broken arguments or that is empty is a failure of its kind and is
    not kept. An answer out of the cache says so (`response_metadata["cached"]`) and has used no tokens. Where the file
    cannot be read or written, the model is asked as if there were no cache, and a warning is logged. What was kept
    survives a kill of the process; the last answers before a power cut may be asked for again.

    Args:
        path: the SQLite file; made with its folder where missing. Several processes may share it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._warned = False

    def get(self, request: Any) -> AIMessage | None:
        """The answer to this very request, if it is there.

        Args:
            request: JSON-like, with all that shapes the answer.
        """
        rows = self._run("SELECT answer FROM answers WHERE request = ?", (digest_of(request),))
        return _from_text(rows[0][0]) if rows else None

    def keep(self, request: Any, answer: AIMessage) -> None:
        """Keep an answer, unless it is a failure."""
        self.keep_by_digest(digest_of(request), answer)

    def keep_by_digest(self, digest: bytes, answer: AIMessage) -> bool:
        """Keep an answer to a request of which only the hash is at hand; returns whether it was no failure."""
        if not _is_whole(answer):
            return False
        self._run("INSERT OR REPLACE INTO answers VALUES (?, ?)", (digest, json.dumps(message_to_dict(answer))))
        return True

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _run(self, statement: str, values: tuple[Any, ...]) -> list[tuple[str]]:
        try:
            with self._lock:
                self._open = self._open or _connect(self._path)
                return self._open.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            if not self._warned:
                logger.warning("Model answers are not kept: %s: %s", self._path, error)
            self._warned = True
            return []


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("PRAGMA synchronous = NORMAL")
    made.execute(TABLE)
    return made


def digest_of(request: Any) -> bytes:
    """The hash by which the answer to a request is kept."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, ensure_ascii=False).encode()).digest()


def _is_whole(answer: AIMessage) -> bool:
    finished = answer.response_metadata.get("finish_reason") in ("stop", "tool_calls")
    return finished and not answer.invalid_tool_calls and bool(answer.content or answer.tool_calls)


def _from_text(text: str) -> AIMessage:
    message = messages_from_dict([json.loads(text)])[0]
    unused = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    metadata = {**message.response_metadata, "cached": True}
    found: AIMessage = message.model_copy(update={"usage_metadata": unused, "response_metadata": metadata, "id": None})  # type: ignore[assignment]
    return found
