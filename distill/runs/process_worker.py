"""A worker process of a run on this machine: runs the shards that it is asked for, one after another."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread

__all__ = ["main"]

Orders = SimpleQueue[bytes]


def main() -> None:
    """Work until the process that started this one has gone; the first argument is the connection to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection, orders = Connection(int(sys.argv[1])), Orders()
    Thread(target=_listen, args=(connection, orders), daemon=True).start()
    while True:
        connection.send(_done(orders.get()))


def _listen(connection: Connection, orders: Orders) -> None:
    """Take orders while a shard runs, so that the end of whoever gives them is never missed."""
    while True:
        try:
            orders.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)


def _done(order: bytes) -> object:
    """Run the shard of an order. Only meanwhile a signal is listened to, so that no answer is sent by halves."""
    from kedrec.distill.runs.shard_worker import ShardOutcome, run_shard_safely
    from kedrec.distill.runs.side_by_side import BY_SIGNAL

    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return run_shard_safely(*pickle.loads(order))
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return ShardOutcome(BY_SIGNAL)
