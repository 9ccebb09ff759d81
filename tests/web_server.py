"""The real server on a free port, for tests: uvicorn on a thread of its own, over the tiny home."""

import threading
import time
from contextlib import contextmanager

import httpx

from kedrec.agents.agent import Agent
from kedrec.serve.access.keys import Keys
from kedrec.serve.service import Service
from kedrec.serve.web.app import application
from kedrec.serve.web.server import address_of, listen, server_of
from kedrec.serve.work_loop import Limits

JSON = {"content-type": "application/json"}
KEY = "a-key-of-more-than-sixteen"
"""Of a server that asks for one."""


@contextmanager
def serving(settings, model=None, limits=None, **options):
    """A client of a server that runs meanwhile; `client.service` is what it serves."""
    agent = Agent.open(settings, model=model)
    also = {name: agent.with_model(spec) for name, spec in options.get("also", {}).items()}
    if "key" in options:
        options["keys"] = Keys({"anyone": options["key"]})
    service = Service(agent, limits or Limits(), also)
    service.budgets = options.get("budgets", service.budgets)
    made = listen("127.0.0.1", 0)
    app = application(service, keys=options.get("keys"), rates=options.get("rates"))
    server = server_of(app, service.work.end)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [made]})
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        with httpx.Client(base_url=address_of(made), timeout=120) as client:
            client.service = service
            yield client
    finally:
        server.should_exit = True
        thread.join(60)
        made.close()
        service.close()


def until(met, seconds=60.0):
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not met() and time.monotonic() < deadline:
        time.sleep(0.02)
    return met()
