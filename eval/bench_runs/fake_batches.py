"""The scripted teacher's Batch API: files and batches as OpenAI's, as slow and as unreliable as it is set to be.

State belongs to the server, so it survives its clients; `stall_at` lets a test kill a client at a known moment.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["BatchDesk"]

PAGE = 20
"""Things on one page of a list, where the client does not say."""


@dataclass
class BatchDesk:
    """Files and batches.

    Attributes:
        complete: answers one request.
        seconds: from the making of a batch to its end.
        endings: how the first batches end, in order: `expired`, `cancelled`, `failed` or `too_much`; later ones end
            as they should. Those that expire or are cancelled have answered every other request.
        faults: errors of the first requests, in order: a status, or 0 for a request that is answered in vain.
        stall_at: the step whose reply is held back, its work done: `upload`, `create`, `look` or `content`; or
            `arrive`, where the upload itself is held back.
        trouble: steps whose replies are HTTP 500, their work done, in order of time; a step may be there often.
    """

    complete: Callable[[dict[str, Any]], dict[str, Any]]
    seconds: float = 0.0
    endings: list[str] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    stall_at: str | None = None
    trouble: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    """How often each request was answered, by its custom id."""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Files by id, their content included."""
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Batches by id."""

    def __post_init__(self) -> None:
        self.stalled = threading.Event()

    def routes(self) -> list[web.RouteDef]:
        """What the server answers."""
        from aiohttp import web

        return [
            web.post("/v1/files", self._upload),
            web.get("/v1/files", self._list_files),
            web.get("/v1/files/{id}/content", self._content),
            web.delete("/v1/files/{id}", self._delete),
            web.post("/v1/batches", self._create),
            web.get("/v1/batches", self._list_batches),
            web.get("/v1/batches/{id}", self._look),
        ]

    async def _reply(self, step: str, value: dict[str, Any]) -> Any:
        from aiohttp import web

        await self._hold(step)
        if step in self.trouble:
            self.trouble.remove(step)
            return web.json_response({"error": {"message": "something broke"}}, status=500)
        return web.json_response(value)

    async def _hold(self, step: str) -> None:
        while self.stall_at == step:
            self.stalled.set()
            await asyncio.sleep(0.02)

    async def _upload(self, request: web.Request) -> Any:
        await self._hold("arrive")
        if request.transport is None or request.transport.is_closing():
            return _missing("client", "")
        form = await request.post()
        sent: Any = form["file"]
        return await self._reply("upload", self._store(sent.filename, sent.file.read(), "batch"))

    def _store(self, name: str, content: bytes, purpose: str) -> dict[str, Any]:
        file_id = f"file-{len(self.files) + 1}"
        told = {
            "id": file_id, "object": "file", "bytes": len(content), "created_at": int(time.time()),
            "filename": name, "purpose": purpose, "status": "processed",
        }  # fmt: skip
        self.files[file_id] = {**told, "content": content}
        return told

    async def _list_files(self, request: web.Request) -> Any:
        purpose = request.query.get("purpose")
        told = [_without_content(file) for file in self.files.values() if purpose in (None, file["purpose"])]
        return await self._reply("list", _page(request, told))

    async def _content(self, request: web.Request) -> Any:
        from aiohttp import web

        reply = await self._reply("content", {})
        return web.Response(body=self.files[request.match_info["id"]]["content"]) if reply.status == 200 else reply

    async def _delete(self, request: web.Request) -> Any:
        file_id = request.match_info["id"]
        if self.files.pop(file_id, None) is None:
            return _missing("file", file_id)
        return await self._reply("delete", {"id": file_id, "object": "file", "deleted": True})

    async def _create(self, request: web.Request) -> Any:
        body = await request.json()
        if body["input_file_id"] not in self.files:
            return _missing("file", body["input_file_id"])
        made = {
            "id": f"batch-{len(self.batches) + 1}", "object": "batch", "endpoint": body["endpoint"],
            "completion_window": body["completion_window"], "created_at": int(time.time()), "status": "validating",
            "input_file_id": body["input_file_id"], "metadata": body.get("metadata"), "errors": None,
            "output_file_id": None, "error_file_id": None, "ready": time.monotonic() + self.seconds,
        }  # fmt: skip
        self.batches[made["id"]] = made
        return await self._reply("create", _without_content(made))

    async def _list_batches(self, request: web.Request) -> Any:
        return await self._reply("list", _page(request, [self._now(batch) for batch in self.batches.values()]))

    async def _look(self, request: web.Request) -> Any:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return _missing("batch", request.match_info["id"])
        return await self._reply("look", self._now(batch))

    def _now(self, batch: dict[str, Any]) -> dict[str, Any]:
        """A batch as it is now; it does its work at the moment when it is due."""
        if batch["status"] in ("validating", "in_progress"):
            batch["status"] = "in_progress"
            if time.monotonic() >= batch["ready"]:
                self._end(batch)
        return _without_content(batch)

    def _end(self, batch: dict[str, Any]) -> None:
        ending = self.endings.pop(0) if self.endings else "completed"
        batch["status"] = "failed" if ending == "too_much" else ending
        requests = [json.loads(line) for line in self.files[batch["input_file_id"]]["content"].splitlines()]
        if batch["status"] == "failed":
            code = "token_limit_exceeded" if ending == "too_much" else "invalid_request"
            batch["errors"] = {"object": "list", "data": [{"code": code, "message": "not this batch"}]}
            return
        reached = requests if ending == "completed" else requests[::2]
        lines = [self._line(request) for request in reached]
        good = [line for line in lines if line["response"]["status_code"] == 200]
        bad = [line for line in lines if line["response"]["status_code"] != 200]
        bad += [_left_out(request, ending) for request in requests if request not in reached]
        batch["request_counts"] = {"total": len(requests), "completed": len(good), "failed": len(bad)}
        batch["output_file_id"] = self._kept(batch, good)
        batch["error_file_id"] = self._kept(batch, bad)

    def _kept(self, batch: dict[str, Any], lines: list[dict[str, Any]]) -> str | None:
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        return str(self._store(f"{batch['id']}_output.jsonl", content, "batch_output")["id"]) if lines else None

    def _line(self, request: dict[str, Any]) -> dict[str, Any]:
        status = self.faults.pop(0) if self.faults else 200
        if status > 200:
            error = {"message": f"fault {status}", "type": "fault", "code": None, "param": None}
            return _line(request, status, {"error": error})
        self.answered[request["custom_id"]] += 1
        whole = self.complete(request["body"])
        if status == 0:
            whole["choices"][0]["message"]["content"] = ""
        return _line(request, 200, whole)


def _line(request: dict[str, Any], status: int, body: dict[str, Any]) -> dict[str, Any]:
    response = {"status_code": status, "request_id": "r1", "body": body}
    return {"id": "batch_req_1", "custom_id": request["custom_id"], "response": response, "error": None}


def _left_out(request: dict[str, Any], ending: str) -> dict[str, Any]:
    error = {"code": f"batch_{ending}", "message": f"This batch {ending} before this request."}
    return {"id": "batch_req_1", "custom_id": request["custom_id"], "response": None, "error": error}


def _without_content(thing: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if name not in ("content", "ready")}


def _page(request: web.Request, things: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a list, newest first."""
    newest, after = things[::-1], request.query.get("after")
    start = next((n for n, thing in enumerate(newest, 1) if thing["id"] == after), 0)
    end = start + int(request.query.get("limit", PAGE))
    return {"object": "list", "data": newest[start:end], "has_more": end < len(newest)}


def _missing(kind: str, name: str) -> Any:
    from aiohttp import web

    error = {"message": f"No such {kind}: {name}", "type": "invalid_request_error", "code": None, "param": "id"}
    return web.json_response({"error": error}, status=404)
