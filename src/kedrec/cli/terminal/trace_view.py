"""A run for people, on stdout: each call of it, and what it came to."""

from __future__ import annotations

import json

from rich.console import Console

from kedrec.agents.prompting.answer_format import STEP_TITLES
from kedrec.characters import shortened
from kedrec.cli.terminal.answer_view import SHOWN, print_recommendation
from kedrec.records import ModelCall, ToolCall, Trace

__all__ = ["print_trace"]


def print_trace(trace: Trace) -> None:
    """A run as a person would tell it."""
    console = Console()
    question = trace.question
    said = f": {question['text']}" if question.get("text") else ""
    console.print(f"Trace {trace.id}, {trace.created}{said}", style="bold", markup=False, highlight=False)
    asked = f"Asked: {question['disease']}: {' or '.join(question['candidates'])}; setting {question['setting']}; "
    console.print(f"{asked}model {trace.config.get('model')}", markup=False, highlight=False)
    origin = trace.config.get("forked_from")
    if origin:
        forked = (
            f"Forked from {origin['trace']} at call {origin['call']}, {origin['step']}, which {origin['model']} ran"
        )
        console.print(forked, markup=False, highlight=False)
    _print_calls(console, trace)
    console.print()
    if trace.recommendation is not None:
        print_recommendation(trace.recommendation)
    elif trace.error is not None:
        console.print(f"Failed: {trace.error['type']}: {trace.error['message']}", style="red", markup=False)
    tokens = trace.usage.input_tokens + trace.usage.output_tokens
    used = f"{len(trace.calls)} calls, {tokens:,} tokens, ${trace.usage.cost:.4f}, {trace.seconds:.2f} s"
    console.print(used, style="dim", markup=False, highlight=False)


def _print_calls(console: Console, trace: Trace) -> None:
    step = ""
    for number, call in enumerate(trace.calls, 1):
        if call.step != step:
            step = call.step
            console.print(f"\n{step}", style="bold cyan", highlight=False, end="")
            console.print(f"  {STEP_TITLES.get(step, '')}", style="dim", highlight=False)
        went_wrong = call.error if isinstance(call, ModelCall) else call.result.status == "failed"
        style = "red" if went_wrong else None
        if isinstance(call, ToolCall):
            arguments = ", ".join(
                f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                for key, value in call.arguments.items()
            )
            result = f"{call.result.status}: {shortened(call.result.message, SHOWN)}"
            told = f"{number:4}  {call.name}({arguments}) -> {result}  {call.seconds:.2f} s"
        else:
            who = f"{call.model}, taken over" if call.model else "the model"
            told = f"{number:4}  {who}: {shortened(_answered(call), SHOWN)}  {_tokens(call)}{call.seconds:.2f} s"
        console.print(told, markup=False, highlight=False, soft_wrap=True, style=style)


def _answered(call: ModelCall) -> str:
    if call.response is None:
        return f"failed: {call.error}"
    asked = [item["function"] for item in call.response.get("tool_calls", ())]
    tools = ", ".join(f"{function['name']}({function['arguments']})" for function in asked)
    return f"calls {tools}" if tools else " / ".join(str(call.response.get("content", "")).splitlines())


def _tokens(call: ModelCall) -> str:
    used = call.usage
    if not used.input_tokens:
        return ""
    cost = f", ${used.cost:.4f}" if used.cost else ""
    return f"{used.input_tokens:,} + {used.output_tokens:,} tokens{cost}, "
