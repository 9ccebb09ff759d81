"""Which batches a run has ordered at a server: written down before each step, so that none is ordered twice."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kedrec.append_log import AppendLog, whole_lines
from kedrec.errors import DamagedData
from kedrec.records import Record

__all__ = ["BatchJournal", "Order", "read_orders"]


class Order(Record):
    """One batch of a run, from before its file is uploaded until its answers are in the run."""

    id: str
    """Unique in its run."""
    made: float
    """When, in seconds since 1970."""
    requests: int
    """Requests in it."""
    aside: float
    """US dollars that it may cost at most."""
    file_id: str | None = None
    """Its file at the server, once it is there."""
    batch_id: str | None = None
    """Its name at the server, once it has one."""
    status: str = "ordered"
    """What the server last said of it."""
    answered: int = 0
    """Requests that the server said are answered."""
    failed: int = 0
    """Requests that the server said have failed."""
    paid_from: int | None = None
    """Calls of the run that were paid for before those of this batch; null until they are about to be paid for."""
    over: bool = False
    """Whether all that came of it is in the run."""


class BatchJournal:
    """Orders of a run; the latest line of an order stands for the earlier ones.

    Args:
        path: the file; made where missing, with a name for the run that no other run has.

    Raises:
        DamagedData: a line that was written to its end is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.orders = path, _read(path)
        lines = whole_lines(path)
        named = str(json.loads(lines[0])["run"]) if lines else None
        self._file = AppendLog(path)
        self.run = named or secrets.token_hex(8)
        if named is None:
            self._file.append([json.dumps({"run": self.run})], synced=True)

    def order(self, requests: int, aside: float) -> Order:
        """Write down that a batch is about to be ordered."""
        made = Order(id=f"{self.run}-{len(self.orders) + 1}", made=time.time(), requests=requests, aside=aside)
        return self._keep(made, synced=True)

    def note(self, order: Order, *, synced: bool = True, **changes: Any) -> Order:
        """Write down what has become of an order; nothing where nothing has changed."""
        changed = order.model_copy(update=changes)
        return order if changed == order else self._keep(changed, synced=synced)

    @property
    def outstanding(self) -> list[Order]:
        """Orders that are not over."""
        return [order for order in self.orders.values() if not order.over]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _keep(self, order: Order, *, synced: bool) -> Order:
        self._file.append([order.model_dump_json()], synced=synced)
        self.orders[order.id] = order
        return order


def read_orders(path: Path) -> list[Order]:
    """The batches of a run in the order in which they were made, also while another process is at work.

    Raises:
        DamagedData: a line that was written to its end is none of ours.
    """
    return list(_read(path).values())


def _read(path: Path) -> dict[str, Order]:
    try:
        found = [Order.model_validate_json(line) for line in whole_lines(path)[1:]]
    except ValidationError:
        raise DamagedData(
            f"{path} holds a line that is no batch. Something else wrote into this file; the batches themselves are "
            "at the server. Start the run again with another --out."
        ) from None
    return {order.id: order for order in found}
