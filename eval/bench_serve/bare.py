"""A bare FastAPI endpoint that waits for the same model as often and streams as much: what no server can do without."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import uvicorn
from fastapi import Body, FastAPI
from starlette.responses import StreamingResponse

__all__ = ["bare"]


def bare(model: str, calls: int) -> FastAPI:
    """The application.

    Args:
        model: address of the model's server.
        calls: calls of the model behind each other, for one chat.
    """
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def answer(asked: Mapping[str, Any] = Body()) -> StreamingResponse:
        return StreamingResponse(_pieces(model, calls), media_type="text/event-stream")

    return app


async def _pieces(model: str, calls: int) -> AsyncIterator[bytes]:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}
    async with aiohttp.ClientSession() as session:
        for _ in range(calls):
            yield b'data: {"choices":[{"delta":{"reasoning_content":"waiting"}}]}\n\n'
            async with session.post(f"{model}/chat/completions", json=body) as response:
                await response.json()
    yield b'data: {"choices":[{"delta":{"content":"Trace"}}]}\n\ndata: [DONE]\n\n'


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--calls", type=int, required=True)
    given = parser.parse_args()
    uvicorn.run(bare(given.model, given.calls), port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
