"""resolve, gather, investigate and its tool calls: everything that is found out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kedrec.agents.prompting.answer_format import LABELS, LONGEST_NAME, too_long
from kedrec.agents.prompting.messages import asked_calls, tool_answer
from kedrec.agents.workflow.calls import ModelRequest, ToolRequest, tool_hash
from kedrec.agents.workflow.context import RunContext
from kedrec.agents.workflow.evidence_keys import Ledger
from kedrec.agents.workflow.requests import tool_text
from kedrec.agents.workflow.state import RunState
from kedrec.records import Entity, ToolResult
from kedrec.tools.toolbox import LITERATURE_TOOLS

__all__ = ["gather", "investigate", "resolve", "use_tools"]

ERRORS = {"unknown_entity": "UnknownEntity", "ambiguous": "AmbiguousName", "failed": "ToolError"}
"""Status of a tool's result -> type of the error that ends the run."""


async def resolve(state: RunState, context: RunContext) -> RunState:
    """Names to entities; a name that is unknown or ambiguous ends the run, and nothing is put in its place."""
    asked = state["asked"]
    names = [asked["disease"], *asked["candidates"]]
    if not 1 <= len(names) - 1 <= len(LABELS):
        return {"error": _error("UserError", f"Give 1 to {len(LABELS)} drugs; there are {len(names) - 1}.")}
    if long := next((name for name in names if len(name) > LONGEST_NAME), None):
        return {"error": _error("UserError", too_long(long, LONGEST_NAME, "A name"))}
    kinds = ["disease", *["drug"] * (len(names) - 1)]
    requests: list[ToolRequest] = [
        ("resolve_entity", {"name": name, "kind": kind}) for name, kind in zip(names, kinds, strict=True)
    ]
    results = await context.calls.tools("resolve", requests)
    wrong = [result for result in results if result.status != "found"]
    matches = [result.data["match"] for result in results if "match" in result.data]
    if wrong:
        error = _error(ERRORS.get(wrong[0].status, "ToolError"), " ".join(result.message for result in wrong))
        return {"matches": matches, "error": error}
    return _understood(matches)


def _understood(matches: list[dict[str, Any]]) -> RunState:
    disease, *drugs = [match["entity"] for match in matches]
    seen: dict[str, str] = {}
    for match, drug in zip(matches[1:], drugs, strict=True):
        if drug["id"] in seen:
            text = (
                f"{match['query']!r} and {seen[drug['id']]!r} are the same drug, {drug['name']}. Name each drug once."
            )
            return {"matches": matches, "error": _error("UserError", text)}
        seen[drug["id"]] = match["query"]
    return {"matches": matches, "disease": disease, "candidates": drugs}


async def gather(state: RunState, context: RunContext) -> RunState:
    """The base tools for each candidate: the same calls whatever the model."""
    names = ["graph_evidence", *LITERATURE_TOOLS[state["setting"]]]
    ill = state["disease"]["id"]
    plan = [(drug, name, {"disease": ill, "drug": drug["id"]}) for drug in state["candidates"] for name in names]
    results = await _with_retry(context, [(name, arguments) for _, name, arguments in plan])
    ledger, failed = _ledger(state), dict[str, str]()
    # What the settings allow and this run does not.
    if not context.settings.model_cypher or "run_cypher" in context.tools:
        withheld = []
    else:
        in_neo4j = context.settings.store == "neo4j"
        why = "it could read the pairs that are hidden" if in_neo4j else "the graph is not in Neo4j"
        withheld = [f"The model was offered no Cypher of its own: {why}."]
    notes = [*state["notes"], *withheld]
    found_for: dict[str, list[str]] = {drug["id"]: [] for drug in state["candidates"]}
    for (drug, name, arguments), result in zip(plan, results, strict=True):
        found_for[drug["id"]] += ledger.add(result.findings)
        notes += _said(result)
        _note_failure(failed, name, arguments, result)
    return {
        "evidence": ledger.plain(),
        "found_for": {drug: list(dict.fromkeys(keys)) for drug, keys in found_for.items()},
        "notes": list(dict.fromkeys(notes)),
        "failed": failed,
    }


async def investigate(state: RunState, context: RunContext) -> RunState:
    """One turn of the model, which may ask for tools; at a limit the run goes on with what it has."""
    if not context.limits.may_investigate():
        return {"messages": [*state.get("messages", []), {"role": "assistant", "content": ""}]}
    messages = state.get("messages") or context.requests.investigation(state, context.tools, context.limits.calls_left)
    payload = context.requests.payload("investigate", state)
    [call] = await context.calls.models("investigate", [ModelRequest(tuple(messages), payload, context.tools)])
    context.limits.spend(call.usage)
    return {"messages": [*messages, call.response or {"role": "assistant", "content": ""}]}


async def use_tools(state: RunState, context: RunContext) -> RunState:
    """The tool calls that the model asked for."""
    asked = asked_calls(state["messages"][-1])
    refusals = [_refusal(context, name, arguments) for _, name, arguments in asked]
    allowed = [(name, arguments or {}) for (_, name, arguments), no in zip(asked, refusals, strict=True) if no is None]
    results = iter(await context.calls.tools("investigate", allowed))
    ledger, messages, notes = _ledger(state), list(state["messages"]), list(state["notes"])
    weighing, failed = state.get("weighing"), dict(state["failed"])
    for (call_id, name, arguments), refusal in zip(asked, refusals, strict=True):
        if refusal is not None:
            messages.append(tool_answer(call_id, name, refusal))
            continue
        result = next(results)
        found = {key: {"text": ledger.text(key)} for key in ledger.add(result.findings)}
        messages.append(tool_answer(call_id, name, tool_text(result, found)))
        notes += _said(result)
        _note_failure(failed, name, arguments or {}, result)
        weighing = result.data if name == "weigh_evidence" and "candidates" in result.data else weighing
    plain = list(dict.fromkeys(notes))
    evidence = ledger.plain()
    return {"messages": messages, "evidence": evidence, "notes": plain, "weighing": weighing, "failed": failed}


def _ledger(state: RunState) -> Ledger:
    names = [Entity.model_validate(entity) for entity in (state["disease"], *state["candidates"])]
    return Ledger(names[0], names[1:], state.get("evidence"))


def wants_tools(state: RunState) -> bool:
    """Whether the model's last message asks for tools."""
    return bool(state["messages"][-1].get("tool_calls"))


def _refusal(context: RunContext, name: str, arguments: dict[str, Any] | None) -> str | None:
    refused = context.limits.may_call(name, arguments or {})
    return refused or (None if arguments is not None else "failed: the arguments are not a JSON object.")


async def _with_retry(context: RunContext, requests: Sequence[ToolRequest]) -> list[ToolResult]:
    """Call tools; those that failed but may work when tried again are tried once more."""
    results = await context.calls.tools("gather", requests)
    again = [at for at, result in enumerate(results) if result.data.get("retryable")]
    if again:
        for at, result in zip(again, await context.calls.tools("gather", [requests[at] for at in again]), strict=True):
            results[at] = result
    return results


def _said(result: ToolResult) -> list[str]:
    """What a result says of things not found, missing or refused; a tool that failed is reported elsewhere."""
    notes = [str(note) for note in result.data.get("notes", ())]
    return notes if result.status == "found" or result.data.get("broken") else [result.message, *notes]


def _note_failure(failed: dict[str, str], name: str, arguments: dict[str, Any], result: ToolResult) -> None:
    """Note a tool that failed whatever it was asked; what succeeds at another try has not failed."""
    request = tool_hash(name, arguments)
    failed.pop(request, None)
    if result.data.get("broken"):
        failed[request] = result.message


def _error(kind: str, message: str) -> dict[str, str]:
    return {"type": kind, "message": message}
