"""Turns on an event loop: one works at a time, others while it waits, and a cancelled one holds nobody up."""

import asyncio

from kedrec.agents.turns import Turns


def test_one_works_at_a_time_in_the_order_of_asking():
    done, at_work = [], []

    async def work(turns, name):
        async with turns.turn():
            at_work.append(name)
            for _ in range(3):
                await asyncio.sleep(0)
            done.append((name, tuple(at_work)))
            at_work.clear()

    async def all_of_them():
        turns = Turns()
        await asyncio.gather(*(work(turns, name) for name in range(4)))

    asyncio.run(all_of_them())
    assert done == [(name, (name,)) for name in range(4)]


def test_others_work_while_one_waits_and_it_goes_on_when_they_do_not():
    told = []

    async def asks(turns, answer):
        async with turns.turn() as turn:
            told.append("asked")
            async with turn.aside():
                await answer.wait()
                told.append("answered")
            told.append("went on")

    async def works(turns, answer):
        async with turns.turn():
            answer.set()
            await asyncio.sleep(0.01)
            told.append("worked")

    async def both():
        turns, answer = Turns(), asyncio.Event()
        await asyncio.gather(asks(turns, answer), works(turns, answer))

    asyncio.run(both())
    assert told == ["asked", "answered", "worked", "went on"]


def test_one_that_is_cancelled_anywhere_leaves_the_turn_to_exactly_one_other():
    async def waits(turns):
        async with turns.turn() as turn, turn.aside():
            await asyncio.Event().wait()

    async def holds(turns, release):
        async with turns.turn():
            await release.wait()

    async def cancelled_aside_and_while_coming_back():
        turns, release = Turns(), asyncio.Event()
        aside = asyncio.ensure_future(waits(turns))
        await asyncio.sleep(0)
        holder = asyncio.ensure_future(holds(turns, release))
        await asyncio.sleep(0)
        aside.cancel()
        await asyncio.sleep(0)
        aside.cancel()
        await asyncio.gather(aside, return_exceptions=True)
        second = asyncio.ensure_future(holds(turns, release))
        await asyncio.sleep(0)
        assert not holder.done() and not second.done()
        free_for_a_third = asyncio.ensure_future(holds(turns, asyncio.Event()))
        release.set()
        await asyncio.wait_for(asyncio.gather(holder, second), 1)
        await asyncio.sleep(0)
        blocked = asyncio.ensure_future(holds(turns, release))
        done, _ = await asyncio.wait([blocked], timeout=0.05)
        assert not done
        for task in (free_for_a_third, blocked):
            task.cancel()
        return await asyncio.gather(free_for_a_third, blocked, return_exceptions=True)

    ended = asyncio.run(cancelled_aside_and_while_coming_back())
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
