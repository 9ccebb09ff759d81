"""`kedrec literature`: Add literature and search it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kedrec.cli.console import Json, emit_json, progress, say, settings
from kedrec.cli.model import Derive, derive_after

if TYPE_CHECKING:
    from kedrec.tools.literature import Literature

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Add literature and search it.")

Files = Annotated[list[Path], typer.Argument(help="JSONL files, plain or .gz: one article or trial a line.")]


def _open() -> Literature:
    from kedrec.tools.literature import Literature

    found = settings()
    return Literature.open(found.home / "literature", found)


@app.command()
def add(
    files: Files,
    format: Annotated[str, typer.Option(help="auto or jsonl.")] = "auto",
    embed: Annotated[
        bool | None, typer.Option("--embed/--no-embed", help="Embed now; by the setting `embed` when not given.")
    ] = None,
    derive: Derive = None,
    json: Json = False,
) -> None:
    """Type:  kedrec literature add abstracts.jsonl.gz trials.jsonl.gz.

    Adds articles ({"id": "PMID:…", "title", "abstract"}) and trials ({"id": "NCT…", "text"}), one JSON object a line. A
    file is added whole or not at all; adding it again adds nothing; after a kill run the same command again.
    """
    literature = _open()
    reports = []
    for path in files:
        with _Bar() as told:
            report = literature.add(path, format=format, embed=embed, on_progress=told)  # type: ignore[arg-type]
        reports.append(report)
        _say_added(report)
    derive_after(derive)
    if json:
        emit_json({"files": [report.model_dump(mode="json") for report in reports]})


def _say_added(report: Any) -> None:
    total = report.added + report.replaced + report.unchanged
    rate = total / max(report.seconds, 1e-3)
    counts = f"{report.added:,} added, {report.replaced:,} replaced, {report.unchanged:,} unchanged"
    say(f"{report.path}: {counts} in {report.seconds:.1f} s ({rate:,.0f}/s)")
    if report.embedded:
        say(f"{report.embedded:,} passages embedded")
    for note in report.notes:
        say(note)


class _Bar:
    """A progress bar that follows the stages it is told of."""

    def __enter__(self) -> Any:
        self.progress = progress()
        self.progress.start()
        self.tasks: dict[str, tuple[Any, float]] = {}
        return self.told

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def told(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage."""
        if stage not in self.tasks:
            self.tasks[stage] = self.progress.add_task(stage, total=total), time.monotonic()
        task, began = self.tasks[stage]
        rate = f"{stage} ({done / max(time.monotonic() - began, 0.1):,.0f}/s)" if stage == "embedding" else stage
        self.progress.update(task, description=rate, completed=done, total=total)


@app.command("embed")
def embed_passages(json: Json = False) -> None:
    """Type:  kedrec literature embed.

    Embeds every passage that has no embedding yet, so that searches get their second step. Can be stopped at any time;
    the next run goes on from there.
    """
    literature = _open()
    with _Bar() as told:
        report = literature.embed(told)
    rate = report.embedded / max(report.seconds, 1e-3)
    say(f"{report.embedded:,} passages embedded in {report.seconds:.1f} s ({rate:,.1f}/s), {report.to_embed:,} left")
    if json:
        emit_json(report)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words to look for.")],
    corpus: Annotated[str | None, typer.Option(help="articles or trials; both when not given.")] = None,
    limit: Annotated[int, typer.Option(help="Most hits, one for each document.")] = 10,
    json: Json = False,
) -> None:
    """Type:  kedrec literature search "baricitinib alopecia areata" --corpus articles.

    Finds passages in two steps: BM25, then the similarity of embeddings where they exist.
    """
    result = _open().search(query, corpus=corpus, limit=limit)  # type: ignore[arg-type]
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
        print(f"{hit.id}  {hit.title}".rstrip())
        print("    " + " ".join(hit.text.split())[:300])
    return None


@app.command()
def info(json: Json = False) -> None:
    """Type:  kedrec literature info.

    Says how many documents and passages there are, how many are embedded, and the hash of all of it.
    """
    found = _open().info()
    if json:
        return emit_json(found)
    for corpus, count in found.documents.items():
        print(f"{corpus}: {count:,} documents, {found.passages[corpus]:,} passages")
    passages = sum(found.passages.values())
    print(f"embedded: {found.embedded:,} of {passages:,} passages")
    print(f"on disk: {found.bytes / 1e6:,.1f} MB")
    print(f"content: {found.content_sha256 or '(empty)'}")
    return None
