"""What the questions of each key may cost in a day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

from kedrec.errors import BudgetSpent

__all__ = ["Budgets"]


def _today() -> date:
    return datetime.now(UTC).date()


class Budgets:
    """Counts what was spent today, by UTC; what is in work may take a key above its budget by a question's limit each.

    Args:
        dollars: US dollars a day for each key; None for no limit.
        today: the day.
    """

    def __init__(self, dollars: float | None = None, today: Callable[[], date] = _today) -> None:
        self._dollars, self._today = dollars, today
        self._lock = threading.Lock()
        self._day, self._spent = today(), dict[str, float]()

    def check(self, asker: str) -> None:
        """Refuse a question.

        Raises:
            BudgetSpent: where nothing is left today.
        """
        spent = self.spent(asker)
        if self._dollars is not None and spent >= self._dollars:
            told = f"{spent:.2f} of {self._dollars:g} US dollars of this key are spent today"
            raise BudgetSpent(f"{told}. Ask again tomorrow (UTC), or start the server with more --budget.")

    def spend(self, asker: str, dollars: float) -> None:
        """Count what a question has cost."""
        with self._lock:
            self._turn()
            self._spent[asker] = self._spent.get(asker, 0.0) + dollars

    def spent(self, asker: str) -> float:
        """US dollars of today."""
        with self._lock:
            self._turn()
            return self._spent.get(asker, 0.0)

    def _turn(self) -> None:
        """Forget yesterday."""
        if self._today() != self._day:
            self._day, self._spent = self._today(), {}
