"""A model that `transformers serve` serves, reached as any other server, answers as it does in this process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from langchain_core.messages import HumanMessage

from kedrec.agents.open_model import open_model
from kedrec.config import Settings

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from kedrec.distill.student.tiny_model import TinyShape, make_tiny_base

TAUGHT = {
    "How does baricitinib act?": "It inhibits JAK1 and JAK2.",
    "How does sulfasalazine act?": "It is cleaved to mesalazine in the colon.",
}
SERVE = Path(sys.executable).with_name("transformers")
SHAPE = TinyShape(vocabulary=512, hidden=64, layers=2, heads=2, context=512)


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A tiny model that has learnt two answers by heart, so that there is something to compare."""
    folder = make_tiny_base(tmp_path_factory.mktemp("base"), [f"{q} {a}" for q, a in TAUGHT.items()] * 5, shape=SHAPE)
    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    chats = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in TAUGHT.items()]
    rows = [tokenizer.apply_chat_template(chat, return_tensors="pt", return_dict=False) for chat in chats]
    steps = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(100):
        for row in rows:
            model(input_ids=row, labels=row).loss.backward()
        steps.step()
        steps.zero_grad()
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def address(taught, tmp_path_factory):
    """Address of the server of the model."""
    if not SERVE.exists():
        pytest.skip("the command `transformers` is not beside this Python")
    hub = tmp_path_factory.mktemp("hub")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(SERVE), "serve", str(taught), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    environment = {**os.environ, "HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": "1"}
    written = hub / "server.log"
    with written.open("w") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/v1/models", server, written)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


def wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    """Return once a server answers."""
    ends = time.monotonic() + 300
    while time.monotonic() < ends and server.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"`transformers serve` did not answer:\n{log.read_text()[-2000:]}")


def test_a_served_model_gives_the_greedy_answers_that_it_gives_here(taught, address, tmp_path):
    settings = Settings(home=tmp_path, max_output_tokens=24, temperature=0)
    here = open_model(f"local:{taught}", settings)
    served = open_model(f"openai:{taught}", settings.model_copy(update={"base_url": address}))
    for asked in (*TAUGHT, "How does mesalazine act?"):
        answer = here.invoke([HumanMessage(asked)]).content
        assert served.invoke([HumanMessage(asked)]).content == answer
        assert answer and answer == TAUGHT.get(asked, answer)
