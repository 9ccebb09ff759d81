"""Turns on an event loop: one works at a time, others while it waits, and a cancelled one holds nobody up."""

import asyncio

from kedrec.agents.workflow.turn_taking import LoopSlot


def test_one_works_at_a_time_in_the_order_of_asking():
    done, at_work = [], []

    async def work(free, name):
        async with LoopSlot(free):
            at_work.append(name)
            for _ in range(3):
                await asyncio.sleep(0)
            done.append((name, tuple(at_work)))
            at_work.clear()

    async def all_of_them():
        free = asyncio.Semaphore(1)
        await asyncio.gather(*(work(free, name) for name in range(4)))

    asyncio.run(all_of_them())
    assert done == [(name, (name,)) for name in range(4)]


def test_others_work_while_one_waits_and_it_goes_on_when_they_do_not():
    told = []

    async def asks(free, answer):
        async with (slot := LoopSlot(free)):
            told.append("asked")
            async with slot.released():
                await answer.wait()
                told.append("answered")
            told.append("went on")

    async def works(free, answer):
        async with LoopSlot(free):
            answer.set()
            await asyncio.sleep(0.01)
            told.append("worked")

    async def both():
        free, answer = asyncio.Semaphore(1), asyncio.Event()
        await asyncio.gather(asks(free, answer), works(free, answer))

    asyncio.run(both())
    assert told == ["asked", "answered", "worked", "went on"]


def test_one_that_is_cancelled_anywhere_leaves_the_turn_to_exactly_one_other():
    async def waits(free):
        async with (slot := LoopSlot(free)), slot.released():
            await asyncio.Event().wait()

    async def holds(free, release):
        async with LoopSlot(free):
            await release.wait()

    async def cancelled_aside_and_while_coming_back():
        free, release = asyncio.Semaphore(1), asyncio.Event()
        aside = asyncio.ensure_future(waits(free))
        await asyncio.sleep(0)
        holder = asyncio.ensure_future(holds(free, release))
        await asyncio.sleep(0)
        aside.cancel()
        await asyncio.sleep(0)
        aside.cancel()
        await asyncio.gather(aside, return_exceptions=True)
        second = asyncio.ensure_future(holds(free, release))
        await asyncio.sleep(0)
        assert not holder.done() and not second.done()
        free_for_a_third = asyncio.ensure_future(holds(free, asyncio.Event()))
        release.set()
        await asyncio.wait_for(asyncio.gather(holder, second), 1)
        await asyncio.sleep(0)
        blocked = asyncio.ensure_future(holds(free, release))
        done, _ = await asyncio.wait([blocked], timeout=0.05)
        assert not done
        for task in (free_for_a_third, blocked):
            task.cancel()
        return await asyncio.gather(free_for_a_third, blocked, return_exceptions=True)

    ended = asyncio.run(cancelled_aside_and_while_coming_back())
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)
