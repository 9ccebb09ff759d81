"""The pace of calls and the purse that pays for them."""

from __future__ import annotations

import asyncio
import time

import pytest
from langchain_core.messages.ai import UsageMetadata

from kedrec.agents.models.openai_api.rate_limit import Pacer
from kedrec.agents.models.openai_api.run_budget import RunBudget, read_spent
from kedrec.config import Settings
from kedrec.errors import BudgetSpent, ConfigError

PRICES = Settings(input_price=1e6, output_price=1e6, max_output_tokens=16)
"""A dollar a token."""


def counted(sent: int, received: int) -> UsageMetadata:
    return UsageMetadata(input_tokens=sent, output_tokens=received, total_tokens=sent + received)


async def called(pacer: Pacer, log: list[tuple[str, float]], seconds: float = 0.0) -> None:
    async with pacer.turn(10):
        log.append(("in", time.monotonic()))
        await asyncio.sleep(seconds)
        log.append(("out", time.monotonic()))
        pacer.answered(10, 10)


def most_at_once(log: list[tuple[str, float]]) -> int:
    here = most = 0
    for what, _ in log:
        here += 1 if what == "in" else -1
        most = max(most, here)
    return most


@pytest.mark.parametrize("limits", [{"requests_per_minute": 1200}, {"tokens_per_minute": 12000}])
def test_calls_are_spread_over_the_minute(limits):
    async def all_at_once():
        pacer, log = Pacer(**limits), []
        await asyncio.gather(*(called(pacer, log) for _ in range(9)))
        return log

    log = asyncio.run(all_at_once())
    starts = sorted(at for what, at in log if what == "in")
    assert starts[-1] - starts[0] >= 8 * 0.05 - 0.01


def test_without_limits_nobody_waits():
    async def all_at_once():
        pacer, log = Pacer(), []
        await asyncio.gather(*(called(pacer, log, 0.05) for _ in range(300)))
        return log

    assert most_at_once(asyncio.run(all_at_once())) == 300


def test_a_call_that_is_turned_away_makes_all_rest_and_fewer_go_at_once():
    async def after_a_refusal():
        pacer, log = Pacer(), []
        holding = [asyncio.ensure_future(called(pacer, [], 0.1)) for _ in range(10)]
        await asyncio.sleep(0.02)
        pacer.turned_away(0.3)
        refused = time.monotonic()
        await asyncio.gather(*(called(pacer, log, 0.01) for _ in range(40)), *holding)
        return log, refused, pacer.room

    log, refused, room = asyncio.run(after_a_refusal())
    assert min(at for _, at in log) >= refused + 0.29
    assert most_at_once(log) <= 14
    assert len(log) == 80
    assert 7 < room < 20


def test_one_storm_of_refusals_halves_the_room_once():
    async def storm():
        pacer = Pacer()
        holding = [asyncio.ensure_future(called(pacer, [], 0.05)) for _ in range(100)]
        await asyncio.sleep(0.01)
        for _ in range(100):
            pacer.turned_away(0.0)
        room = pacer.room
        await asyncio.gather(*holding)
        return room

    assert asyncio.run(storm()) == pytest.approx(70)


def test_a_call_that_is_given_up_while_it_waits_leaves_its_place_to_the_next():
    async def given_up():
        pacer, log = Pacer(), []
        pacer.turned_away(0.0)
        holding = asyncio.ensure_future(called(pacer, [], 0.1))
        await asyncio.sleep(0)
        waiting = [asyncio.ensure_future(called(pacer, log)) for _ in range(5)]
        await asyncio.sleep(0.02)
        waiting[0].cancel()
        await asyncio.gather(holding, *waiting[1:])
        return log

    assert len(asyncio.run(asyncio.wait_for(given_up(), 5))) == 8


async def pay(run_budget: RunBudget, sent: int, used: UsageMetadata | None) -> None:
    async with run_budget.paying(sent) as paid:
        await asyncio.sleep(0.001)
        paid.take(used)


def test_what_was_paid_is_counted_also_by_the_next_process(tmp_path):
    with RunBudget(tmp_path / "spent", PRICES) as run_budget:
        asyncio.run(pay(run_budget, 40, counted(10, 2)))
        asyncio.run(pay(run_budget, 40, None))
    with (tmp_path / "spent").open("ab") as file:
        file.write(b'{"input_tokens": 5')
    with RunBudget(tmp_path / "spent", PRICES) as run_budget:
        asyncio.run(pay(run_budget, 40, counted(1, 1)))
    spent, calls = read_spent(tmp_path / "spent")
    assert (spent.input_tokens, spent.output_tokens, spent.cost, calls) == (11, 3, 14.0, 2)


def test_a_budget_is_used_and_never_exceeded(tmp_path):
    async def everybody(run_budget):
        return await asyncio.gather(*(pay(run_budget, 20, counted(5, 3)) for _ in range(100)), return_exceptions=True)

    with RunBudget(tmp_path / "spent", PRICES, budget=200.0) as run_budget:
        outcomes = asyncio.run(everybody(run_budget))
    paid = sum(outcome is None for outcome in outcomes)
    assert all(isinstance(outcome, BudgetSpent) for outcome in outcomes if outcome is not None)
    assert run_budget.spent.cost == paid * 8.0
    assert 200.0 - 26 < run_budget.spent.cost <= 200.0


def test_a_budget_without_prices_is_a_users_mistake(tmp_path):
    with pytest.raises(ConfigError, match="KEDREC_INPUT_PRICE"):
        RunBudget(tmp_path / "spent", Settings(), budget=1.0)
