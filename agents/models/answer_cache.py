"""Answers of chat models kept in SQLite, so that the same request is not paid for twice; failures are never kept."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_community.cache import SQLiteCache
from langchain_core.messages import AIMessage, message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, Generation
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

__all__ = ["AnswerCache"]

logger = logging.getLogger(__name__)


class AnswerCache(SQLiteCache):
    """LangChain's SQLite cache, keyed by the hash of the full request.

    An answer that was cut off, that calls a tool with broken arguments or that is empty is a failure of its kind and is
    not kept. An answer out of the cache says so (`response_metadata["cached"]`) and has used no tokens. Where the file
    cannot be read or written, the model is asked as if there were no cache, and a warning is logged.

    Args:
        path: the SQLite file; made with its folder where missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(database_path=str(path))

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """The answer to this very request, if it is there."""
        table: Any = self.cache_schema
        wanted: Any = select(table.response).where(table.prompt == _hash(prompt), table.llm == _hash(llm_string))
        try:
            with Session(self.engine) as session:
                rows = session.execute(wanted.order_by(table.idx)).fetchall()
            return [_from_cache(row[0]) for row in rows] or None
        except (SQLAlchemyError, ValueError) as error:
            logger.warning("The cache of model answers cannot be read: %s", error)
            return None

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        """Keep an answer, unless it is a failure."""
        if not all(map(_is_whole, return_val)):
            return
        key, llm = _hash(prompt), _hash(llm_string)
        rows = [self.cache_schema(prompt=key, llm=llm, response=_plain(one), idx=i) for i, one in enumerate(return_val)]
        try:
            with Session(self.engine) as session, session.begin():
                for row in rows:
                    session.merge(row)
        except SQLAlchemyError as error:
            logger.warning("The cache of model answers cannot be written: %s", error)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_whole(generation: Generation) -> bool:
    message = getattr(generation, "message", None)
    if not isinstance(message, AIMessage) or message.invalid_tool_calls:
        return False
    return bool(message.content or message.tool_calls) and message.response_metadata.get("finish_reason") in (
        "stop",
        "tool_calls",
    )


def _plain(generation: Generation) -> str:
    return json.dumps(message_to_dict(generation.message)) if isinstance(generation, ChatGeneration) else ""


def _from_cache(text: str) -> ChatGeneration:
    message = messages_from_dict([json.loads(text)])[0]
    unused = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    metadata = {**message.response_metadata, "cached": True}
    return ChatGeneration(
        message=message.model_copy(update={"usage_metadata": unused, "response_metadata": metadata, "id": None})
    )
