"""Runs the scripted teacher's server on a thread of its own."""

import asyncio
import threading
from contextlib import contextmanager

from kedrec.eval.bench_runs.fake_server import Teacher, served


@contextmanager
def teaching(**behaviour):
    """A teacher that answers at `teacher.url`."""
    teacher, loop = Teacher(**behaviour), asyncio.new_event_loop()
    runner, teacher.url = loop.run_until_complete(served(teacher))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield teacher
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
