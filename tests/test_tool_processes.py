"""Processes beside the server that call the tools: the same answers, also where a process ends."""

import os
import signal

import pytest
from web_server import serving, until

from kedrec.errors import UserError
from kedrec.serve.tool_processes import ToolProcesses

ASKED = {"disease": "alopecia areata", "candidates": ["baricitinib", "sulfasalazine"], "setting": "both"}


def answered(client):
    response = client.post("/api/compare", json=ASKED)
    assert response.status_code == 200, response.text
    return {name: value for name, value in response.json().items() if name != "trace_id"}


def test_tools_called_beside_the_server_find_the_same_also_after_their_process_was_killed(settings):
    with serving(settings) as client:
        alone = answered(client)
        client.service.call_tools_beside(1)
        client.service.warm()
        pool = client.service._tools._pool
        [process] = pool._processes
        assert answered(client) == alone
        assert client.service.agent.traces.get("latest").recommendation.failed == ()
        os.kill(process, signal.SIGKILL)
        assert until(lambda: pool._broken)
        assert answered(client) == alone
        assert client.service._tools._broken


def test_sources_that_allow_so_many_requests_are_asked_by_one_process_only(settings):
    with pytest.raises(UserError, match="KEDREC_LIVE"):
        ToolProcesses(settings.model_copy(update={"live": True}), 1)
