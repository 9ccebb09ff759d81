"""What a run may spend and what it has spent: each paid call is a line of a file, and none is made that is too dear."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from kedrec.append_log import AppendLog, LineTail, whole_lines
from kedrec.config import Settings
from kedrec.errors import BudgetSpent, ConfigError
from kedrec.records import Usage

if TYPE_CHECKING:
    from langchain_core.messages.ai import UsageMetadata

__all__ = ["CallUsage", "PaidCall", "RunBudget", "read_spent"]

TOKENS_PER_BYTE = 0.5
"""More tokens than any usual tokenizer makes of a byte; what is seen takes its place once it is higher."""
FOLD_AT = 1.2
"""How much more than the densest prompt seen so far a prompt may hold."""


class CallUsage:
    """What one call turned out to use; nothing where no answer came.

    Attributes:
        input_tokens: tokens sent.
        output_tokens: tokens received.
    """

    def __init__(self) -> None:
        self.input_tokens = self.output_tokens = 0

    def take(self, counted: UsageMetadata | None) -> None:
        """Take over what the server counted, where it did."""
        if counted is not None:
            self.input_tokens, self.output_tokens = counted["input_tokens"], counted["output_tokens"]


class PaidCall(Usage):
    """One line of the file: a call that was paid for."""

    shard: str | None = None
    """The shard that paid for it, where the run was divided."""


class RunBudget:
    """Pays for the calls of one run.

    Before a call its highest possible price is put aside. Where that does not fit, the call waits until others have
    turned out cheaper; where nothing is left to wait for, it is not made. So the budget is never exceeded, as long as
    the prices in the settings are those of the server.

    Args:
        path: a JSON line for each paid call, appended before the call's answer is used; read first if it is there.
        settings: prices and the longest answer.
        budget: US dollars; None for no limit.

    Raises:
        ConfigError: with a budget and no prices.
    """

    def __init__(self, path: Path, settings: Settings, budget: float | None = None) -> None:
        if budget is not None and not (settings.input_price or settings.output_price):
            raise ConfigError(
                "A budget needs prices: set KEDREC_INPUT_PRICE and KEDREC_OUTPUT_PRICE, US dollars per million tokens."
            )
        calls = _calls(path)
        self.spent, self.calls = _total(calls), len(calls)
        self._taken = Counter(call.shard for call in calls if call.shard is not None)
        self._file, self._tails = AppendLog(path), dict[Path, LineTail]()
        self._settings, self._budget = settings, budget
        self._aside, self._held, self._owed, self._densest = 0.0, 0, 0.0, TOKENS_PER_BYTE
        self._settled = asyncio.Event()

    @asynccontextmanager
    async def paying(self, sent: int) -> AsyncIterator[CallUsage]:
        """Put the price of a call aside, and pay what it used.

        Args:
            sent: bytes of the request.

        Raises:
            BudgetSpent: the call could cost more than is left.
        """
        aside, paid = await self.set_aside(sent), CallUsage()
        try:
            yield paid
        finally:
            self.pay(paid, sent)
            self.release(aside)

    async def set_aside(self, sent: int) -> float:
        """Put the highest possible price of a call aside, to be released when the call is settled.

        Args:
            sent: bytes of the request.

        Returns:
            US dollars.

        Raises:
            BudgetSpent: the call could cost more than is left.
        """
        most = self.price(round(sent * self._densest), self._settings.max_output_tokens)
        while self._budget is not None and self.spent.cost + self._owed + self._aside + most > self._budget:
            if not self._held:
                raise BudgetSpent(
                    f"${self.spent.cost:.2f} of the budget of ${self._budget:.2f} is spent, and the next call may cost"
                    f" ${most:.2f}. Run the same command with a higher --budget to resume."
                )
            self._settled.clear()
            await self._settled.wait()
        self.hold(most)
        return most

    def hold(self, dollars: float) -> None:
        """Put aside what was ordered already."""
        self._aside, self._held = self._aside + dollars, self._held + 1

    def release(self, dollars: float) -> None:
        """Give back what was put aside once."""
        self._held -= 1
        self._aside = self._aside - dollars if self._held else 0.0
        self._settled.set()

    def owe(self, dollars: float) -> None:
        """Take note of what may have to be paid later, when nobody waits for it any more."""
        self._owed += dollars

    def price(self, input_tokens: int, output_tokens: int) -> float:
        """US dollars for so many tokens."""
        return (input_tokens * self._settings.input_price + output_tokens * self._settings.output_price) / 1e6

    def pay(self, paid: CallUsage, sent: int | None = None) -> None:
        """Pay what a call used, if it used anything.

        Args:
            paid: what it used.
            sent: bytes of the request, where they are known.
        """
        if not (paid.input_tokens or paid.output_tokens):
            return
        cost = self.price(paid.input_tokens, paid.output_tokens)
        usage = Usage(input_tokens=paid.input_tokens, output_tokens=paid.output_tokens, cost=cost)
        self._file.append([usage.model_dump_json()], synced=False)
        self.spent, self.calls = _sum(self.spent, usage), self.calls + 1
        if sent is not None:
            self._densest = max(self._densest, FOLD_AT * usage.input_tokens / max(1, sent))

    @property
    def shards(self) -> Collection[str]:
        """Those that have paid for anything that is in here."""
        return self._taken

    def take_over(self, shard: str, path: Path) -> float:
        """Take over what the budget of a shard has paid for so far; each line once, however often this is called.

        Args:
            shard: its name; never that of another of the same run.
            path: its file.

        Returns:
            US dollars that were not in here before.
        """
        # The lines of a shard's file that were not taken over yet, by this budget or by one before it.
        if path not in self._tails:
            self._tails[path] = LineTail(path)
            lines = self._tails[path].read()[self._taken[shard] :]
        else:
            lines = self._tails[path].read()
        new = map(PaidCall.model_validate_json, lines)
        calls = [call.model_copy(update={"shard": shard}) for call in new]
        if calls:
            self._file.append((call.model_dump_json() for call in calls), synced=False)
            self._taken[shard] += len(calls)
            self.spent, self.calls = _total([self.spent, *calls]), self.calls + len(calls)
        return sum(call.cost for call in calls)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> RunBudget:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_spent(path: Path) -> tuple[Usage, int]:
    """What the calls of a run have used so far, and how many were paid for; a torn last line is left out."""
    calls = _calls(path)
    return _total(calls), len(calls)


def _calls(path: Path) -> list[PaidCall]:
    return [PaidCall.model_validate_json(line) for line in whole_lines(path)]


def _total(used: Sequence[Usage]) -> Usage:
    return reduce(_sum, used, Usage())


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cost=one.cost + other.cost,
    )
