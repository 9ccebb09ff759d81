"""Passages for a query."""

from __future__ import annotations

from typing import Annotated

import typer

from kedrec.cli.literature.opening import open_literature
from kedrec.cli.terminal.console import Json, emit_json, say

__all__ = ["search"]


def search(
    query: Annotated[str, typer.Argument(help="Words to look for.")],
    corpus: Annotated[str | None, typer.Option(help="articles or trials; both when not given.")] = None,
    *,
    limit: Annotated[int, typer.Option(help="Most hits, one for each document.")] = 10,
    until: Annotated[
        str | None, typer.Option(help="Last day, month or year; what has no date is not found (KEDREC_UNTIL).")
    ] = None,
    since: Annotated[int | None, typer.Option(help="First year.")] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Publication type; may be given again.")] = None,
    phases: Annotated[list[str] | None, typer.Option("--phase", help="Trial phase; may be given again.")] = None,
    json: Json = False,
) -> None:
    """Type:  kedrec literature search "baricitinib alopecia areata" --corpus articles.

    Find passages by BM25, reranked by embeddings if there are any.
    """
    from kedrec.tools.library.filters import DocumentFilter

    only = DocumentFilter(until=until, since=since, types=tuple(types or ()), phases=tuple(phases or ()))
    result = open_literature().search(query, corpus=corpus, limit=limit, only=only)  # type: ignore[arg-type]
    for note in result.notes:
        say(note)
    if json:
        return emit_json(
            {
                "hits": [hit.model_dump(mode="json") for hit in result.hits],
                "stages": result.stages,
                "notes": result.notes,
            }
        )
    for hit in result.hits:
        print(f"{hit.id}  {'RETRACTED: ' if hit.retracted else ''}{hit.title}".rstrip())
        print("    " + " ".join(hit.text.split())[:300])
    return None
