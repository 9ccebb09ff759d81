"""OpenAI's Batch API, as far as a run needs it: requests go up as a file, a batch is made of it, answers come down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kedrec.agents.models.openai_batch.journal import Order
from kedrec.agents.models.openai_batch.result_lines import ADDRESS
from kedrec.characters import mended

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch

__all__ = ["ENDED", "BatchServer"]

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
"""What the server says of a batch of which nothing more will come."""
CLOCKS_DIFFER = 86_400.0
"""Seconds by which the server's clock may be behind ours."""
FILE_TIMEOUT = 600.0
"""Seconds for a step of sending or fetching a file."""


class BatchServer:
    """Files and batches at a server; whatever the client raises is passed on.

    Args:
        client: the connections.
    """

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client, self._patient = client, client.with_options(timeout=FILE_TIMEOUT)

    async def upload(self, order: Order, lines: bytes) -> str:
        """Send the requests of an order.

        Returns:
            Id of the file.
        """
        made = await self._patient.files.create(file=(_file_name(order), lines), purpose="batch")
        return made.id

    async def create(self, order: Order) -> Batch:
        """Make a batch of the file of an order."""
        return await self._client.batches.create(
            completion_window="24h",
            endpoint=ADDRESS,
            input_file_id=str(order.file_id),
            metadata={"kedrec_order": order.id},
        )

    async def batch_of(self, order: Order) -> Batch | None:
        """The batch that was made for an order; None if there is none."""
        async for batch in self._client.batches.list(limit=100):
            if (batch.metadata or {}).get("kedrec_order") == order.id:
                return batch
            if batch.created_at < order.made - CLOCKS_DIFFER:
                return None
        return None

    async def look(self, batch_id: str) -> Batch:
        """What the server says of a batch now."""
        return await self._client.batches.retrieve(batch_id)

    async def answers(self, batch: Batch) -> list[dict[str, Any]]:
        """The lines of a batch that has ended, answers before errors; a request may have none."""
        files = [file for file in (batch.output_file_id, batch.error_file_id) if file]
        return [line for file in files for line in _lines((await self._patient.files.content(file)).content)]

    async def drop_file(self, order: Order) -> None:
        """Delete the file of an order of which no batch was made, if it got there."""
        from openai import NotFoundError

        file_id = order.file_id or await self._file_of(order)
        if file_id is not None:
            try:
                await self._client.files.delete(file_id)
            except NotFoundError:
                return

    async def _file_of(self, order: Order) -> str | None:
        async for file in self._client.files.list(purpose="batch", order="desc"):
            if file.filename == _file_name(order):
                return file.id
            if file.created_at < order.made - CLOCKS_DIFFER:
                return None
        return None


def _file_name(order: Order) -> str:
    return f"kedrec-{order.id}.jsonl"


def _lines(content: bytes) -> Iterator[dict[str, Any]]:
    """The lines that can be read; one that cannot is skipped."""
    for line in content.splitlines():
        try:
            yield mended(json.loads(line))
        except json.JSONDecodeError:
            continue
