"""The chain of calls of a run by another tool, for comparison: `PYTHON runs_by_others.py TOOL URL PAIRS IN_FLIGHT`.

Runs in an environment of its own that has the tool, so it imports nothing of KEDRec. Each pair is three chat calls of
which each waits for the one before, with prompts as long as those of a run on the graph alone. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

LENGTHS = (6_000, 6_000, 9_000)
"""Characters of the prompts of one pair: investigation, answers, decision."""


def by_distilabel(url: str, pairs: int, in_flight: int) -> int:
    """Three steps of distilabel's `TextGeneration` in a row; returns how many pairs came to their end."""
    from distilabel.models import OpenAILLM  # type: ignore[import-not-found]
    from distilabel.pipeline import Pipeline  # type: ignore[import-not-found]
    from distilabel.steps import LoadDataFromDicts  # type: ignore[import-not-found]
    from distilabel.steps.tasks import TextGeneration  # type: ignore[import-not-found]

    def step(name: str, source: str, length: int) -> TextGeneration:
        llm = OpenAILLM(model="teacher", base_url=url, api_key="none")
        template = f"{{{{ {source} }}}} " + "x" * length
        output = {"generation": f"{name}_text", "model_name": f"{name}_model"}
        return TextGeneration(
            name=name, llm=llm, template=template, columns=source, output_mappings=output, input_batch_size=in_flight
        )

    with Pipeline(name="chain") as pipeline:
        rows = LoadDataFromDicts(data=[{"pair": f"pair {n}"} for n in range(pairs)], batch_size=in_flight)
        steps = [
            step("one", "pair", LENGTHS[0]),
            step("two", "one_text", LENGTHS[1]),
            step("three", "two_text", LENGTHS[2]),
        ]
        rows >> steps[0] >> steps[1] >> steps[2]
    made = pipeline.run(use_cache=False)["default"]["train"]
    return sum(bool(text) for text in made["three_text"])


def by_curator(url: str, pairs: int, in_flight: int) -> int:
    """Three of bespokelabs-curator's `LLM` in a row; returns how many pairs came to their end.

    It counts words instead of tokens here: its own counter fetches tables from the network.
    """
    os.environ["OPENAI_API_KEY"] = "none"
    os.environ["TELEMETRY_ENABLED"] = "0"
    os.environ["CURATOR_DISABLE_RICH_DISPLAY"] = "1"
    tiktoken: Any = import_module("tiktoken")
    words = SimpleNamespace(encode=lambda text, **_: str(text).split())
    tiktoken.get_encoding = tiktoken.encoding_for_model = lambda name: words
    curator: Any = import_module("bespokelabs.curator")

    class Step(curator.LLM):  # type: ignore[misc]
        length = 0

        def prompt(self, row: dict[str, str]) -> str:
            return row["text"] + " " + "x" * self.length

        def parse(self, row: dict[str, str], response: str) -> dict[str, str]:
            return {"text": f"{row['text'][:12]} {response}"}

    limits = {"max_concurrent_requests": in_flight, "max_requests_per_minute": 10**7, "max_tokens_per_minute": 10**10}
    rows = [{"text": f"pair {n}"} for n in range(pairs)]
    for length in LENGTHS:
        step = Step(model_name="teacher", backend="openai", backend_params={"base_url": url, **limits})
        step.length = length
        made = step(rows)
        rows = list(getattr(made, "dataset", made))
    return len(rows)


TOOLS: dict[str, Callable[[str, int, int], int]] = {"distilabel": by_distilabel, "curator": by_curator}


def main() -> None:
    """Run the chain, with the tool's cache in a folder that is removed."""
    tool, url, pairs, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory() as cache:
        os.environ.update(HF_HOME=cache, HOME=cache, CURATOR_CACHE_DIR=cache, DISTILABEL_CACHE_DIR=cache)
        started = time.perf_counter()
        done = TOOLS[tool](url, pairs, in_flight)
        seconds = time.perf_counter() - started
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(use.ru_utime + use.ru_stime for use in uses)
    peak = max(use.ru_maxrss for use in uses) / 1024
    print("\n" + json.dumps({"done": done, "seconds": seconds, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    main()
