"""Listens: a socket, and uvicorn on it, with limits on what clients can hold."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from kedrec.errors import UserError
from kedrec.serve.access.keys import SHORTEST_KEY

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from kedrec.serve.access.keys import Keys

__all__ = ["address_of", "check_host", "hosts_of", "listen", "server_of"]

CONNECTIONS = 400
"""Open at once; more get a 503."""
SECONDS_TO_LEAVE = 3
"""For open streams, when the server ends."""


def check_host(host: str, keys: Keys | None) -> None:
    """Refuse to listen for other machines without a key.

    Raises:
        UserError: where other machines could ask.
    """
    if keys is None and not is_loopback(host):
        raise UserError(
            f"Listening on {host} lets other machines ask, so a key is needed: --key-file FILE, a file with a line of"
            f" {SHORTEST_KEY} characters or more. Without a key listen on 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def hosts_of(host: str, more: Iterable[str] = ()) -> tuple[str, ...]:
    """Names under which a server is reached that listens on an address."""
    from kedrec.serve.web.app import LOOPBACK

    return (*LOOPBACK, host, *more)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UserError: where the port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise UserError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. Choose another with --port or --host."
        ) from error
    return made


def address_of(made: socket.socket) -> str:
    """The address to type into a browser."""
    host, port = made.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def server_of(app: ASGIApp, stop: Callable[[], None]) -> uvicorn.Server:
    """A server; `run(sockets=[...])` serves until a signal.

    Args:
        app: the application.
        stop: stops its work when the server ends.
    """
    import uvicorn

    from kedrec.serve.web.ending import EndingServer
    from kedrec.serve.web.slow_clients import Impatient

    config = uvicorn.Config(
        app, http=Impatient, ws="none", lifespan="on", access_log=False, log_level="warning", server_header=False,
        proxy_headers=False, limit_concurrency=CONNECTIONS, timeout_keep_alive=15,
        timeout_graceful_shutdown=SECONDS_TO_LEAVE,
    )  # fmt: skip
    return EndingServer(config, stop)
