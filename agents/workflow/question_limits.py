"""What one question may use: steps, tool calls, repeats, tokens, cost. At a limit the run goes on with what it has."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from kedrec.config import Settings
from kedrec.records import Usage

__all__ = ["QuestionLimits"]

MOST_REPAIRS = 2
"""Times that the model is asked to mend a decision."""
RESERVED_STEPS = 7
"""Steps that a run needs after its investigation: the last tool calls, answer, decide, check, one repair and finish."""


class QuestionLimits:
    """Counts what a run uses against the settings.

    Args:
        settings: the limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._limits = settings
        self._steps = 0
        self._calls = 0
        self._repeated: Counter[str] = Counter()
        self._usage = Usage()
        self.notes: list[str] = []

    def plain(self) -> dict[str, Any]:
        """What was used so far, as data."""
        used = {"steps": self._steps, "calls": self._calls, "repeated": dict(self._repeated)}
        return {**used, "usage": self._usage.model_dump(mode="json"), "notes": list(self.notes)}

    def go_on(self, used: Mapping[str, Any]) -> None:
        """Go on from what was used so far, as `plain` has it; nothing where it is empty."""
        self._steps, self._calls = used.get("steps", 0), used.get("calls", 0)
        self._repeated = Counter(used.get("repeated", {}))
        self._usage, self.notes = Usage.model_validate(used.get("usage", {})), list(used.get("notes", []))

    @property
    def usage(self) -> Usage:
        """Tokens and cost so far."""
        return self._usage

    @property
    def calls_left(self) -> int:
        """Tool calls that the model may still make."""
        return max(0, self._limits.max_tool_calls - self._calls)

    def step(self) -> None:
        """Count one step of the graph."""
        self._steps += 1

    def spend(self, usage: Usage) -> None:
        """Count what a model call used."""
        self._usage = Usage(
            input_tokens=self._usage.input_tokens + usage.input_tokens,
            output_tokens=self._usage.output_tokens + usage.output_tokens,
            cost=self._usage.cost + usage.cost,
        )

    def may_investigate(self) -> bool:
        """Whether the model may look for more; notes the limit where it may not."""
        if self.calls_left == 0:
            return self._reached(f"limit of {self._limits.max_tool_calls} tool calls by the model reached")
        if self._steps + RESERVED_STEPS >= self._limits.max_steps:
            return self._reached(f"limit of {self._limits.max_steps} steps reached while investigating")
        return self.may_ask("investigating")

    def may_repair(self, done: int) -> bool:
        """Whether the model, which mended its decision so many times, may be asked to once more."""
        if done >= MOST_REPAIRS:
            return False
        if self._steps + 3 > self._limits.max_steps:
            return self._reached(f"limit of {self._limits.max_steps} steps reached before a repair")
        return self.may_ask("repairing")

    def may_ask(self, what: str) -> bool:
        """Whether tokens and money are left for another call of the model."""
        tokens = self._usage.input_tokens + self._usage.output_tokens
        if tokens >= self._limits.max_tokens:
            return self._reached(f"limit of {self._limits.max_tokens:,} tokens reached while {what}")
        if self._usage.cost > 0 and self._usage.cost >= self._limits.max_cost:
            return self._reached(f"limit of ${self._limits.max_cost:g} reached while {what}")
        return True

    def may_call(self, name: str, arguments: dict[str, Any]) -> str | None:
        """Count a tool call that the model wants to make.

        Returns:
            Why it may not be made, as the model should read it; None where it may.
        """
        if self.calls_left == 0:
            self._reached(f"limit of {self._limits.max_tool_calls} tool calls by the model reached")
            return "No more tool calls are allowed. Go on with what was found."
        call = f"{name} {json.dumps(arguments, sort_keys=True, ensure_ascii=False)}"
        self._calls += 1
        self._repeated[call] += 1
        if self._repeated[call] > self._limits.max_repeated_calls:
            most = self._limits.max_repeated_calls
            self._reached(f"limit of {most} calls of {name} with the same arguments reached")
            return "This very call was made before and its answer stays the same. Go on with what was found."
        return None

    def _reached(self, note: str) -> bool:
        if note not in self.notes:
            self.notes.append(note)
        return False
