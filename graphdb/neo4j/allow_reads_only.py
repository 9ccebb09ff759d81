"""Allows a query of a user or a model only if every operator of its plan is listed in `_READS`.

A transaction in READ mode is not enough. Neo4j refuses writing in it, changes of the schema and of users included, but
runs `LOAD CSV` over any file that the server may read and any address that it can reach, shows its settings, ends other
transactions and calls procedures that clear caches or close connections. The plan tells all of these, whatever the
query looks like; a step that is not known to only read is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["refused_step"]

_READS = re.compile(
    r"""
    (?:Partitioned)?\w*(?:Scan|Seek|SeekByRange|Lookup|Search|CountFromCountStore)     # where rows come from
    | (?:Argument|ArgumentTracker|Unwind|PartitionedUnwind|EmptyResult)
    | (?:Optional|VarLength|)Expand | PathPropagatingBFS | (?:Bidirectional)?Repeat | RepeatOptions | ProjectEndpoints
    | (?:Stateful)?ShortestPath | Triadic(?:Selection|Build|Filter)
    | (?:|Let|LetAnti|Anti|SelectOr|SelectOrAnti|LetSelectOr|LetSelectOrAnti)SemiApply
    | (?:|Conditional|AntiConditional|RollUp)Apply | CartesianProduct | \w*Join | (?:Ordered)?Union | Optional
    | AssertSame(?:Node|Relationship) | Filter | Projection | CacheProperties | RemoteBatchProperties(?:WithFilter)?
    | (?:Ordered)?Distinct | (?:Eager|Ordered)Aggregation | Eager | (?:Partial)?Sort | (?:Partial)?Top(?:1WithTies)?
    | (?:Exhaustive)?Limit | Skip | NonFuseable | PreserveOrder | NullifyMetadata | ProduceResults
    """,
    re.VERBOSE,
)
"""Operators of the plans of Neo4j 5.26 and 2026.x that only read the graph and calculate."""


def refused_step(plan: Mapping[str, Any] | None, query_type: str | None) -> str | None:
    """Name what a query must not do.

    Args:
        plan: the plan that EXPLAIN gave, as the driver has it: operatorType and children.
        query_type: `r` for a query that only reads.

    Returns:
        The first step that may do more than read the graph; None if there is none.
    """
    strange = [step for step in _steps(plan) if not _READS.fullmatch(step)] if plan else ["a query without a plan"]
    if strange:
        return strange[0]
    return None if query_type == "r" else f"a query of type {query_type}"


def _steps(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the operators of a plan, without database and variant: `Expand` for `Expand(All)@neo4j`."""
    yield re.split(r"[(@]", str(plan["operatorType"]), maxsplit=1)[0]
    for child in plan.get("children", ()):
        yield from _steps(child)
