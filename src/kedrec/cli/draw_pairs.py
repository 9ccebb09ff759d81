"""`kedrec dataset pairs`: draw pairs from the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kedrec.cli.terminal.bars import counting_bar
from kedrec.cli.terminal.console import Json, emit_json, say, settings

if TYPE_CHECKING:
    from kedrec.distill.pairs.drawn import Drawn, PairsWanted
    from kedrec.distill.pairs.report import DrawnFrom, PairsReport

__all__ = ["pairs"]

TELLING = 0.05
"""Share of right answers above or below one half from which on a shortcut is pointed out."""


def pairs(
    n: Annotated[int, typer.Option("--n", min=1, help="How many pairs.")],
    embeddings: Annotated[
        Path, typer.Option(help="Embeddings of the graph: a folder, or a .npy with entities.tsv beside it.")
    ],
    out: Annotated[Path, typer.Option(help="File for the pairs; a report is written beside it.", metavar="FILE.jsonl")],
    *,
    seed: Annotated[int, typer.Option(help="Another seed, other pairs.")] = 0,
    split_by: Annotated[Literal["disease"], typer.Option(help="What never stands in two splits.")] = "disease",
    dev: Annotated[float, typer.Option(min=0, max=1, help="Share of the diseases for `dev`.")] = 0.1,
    test: Annotated[float, typer.Option(min=0, max=1, help="Share for `test`; the rest is `train`.")] = 0.1,
    ontology: Annotated[
        list[Path] | None,
        typer.Option(help="doid.obo or MeSH descriptors: leave out drugs for kinds of the disease. May be repeated."),
    ] = None,
    match_popularity: Annotated[
        bool, typer.Option("--match-popularity", help="Take one of the nearest that is about as well known.")
    ] = False,
    among: Annotated[int, typer.Option(min=1, help="Of how many of the nearest, with --match-popularity.")] = 20,
    least_relevance: Annotated[
        float, typer.Option(help="1: a curated edge or two mined ones; 0.5: one mined edge is enough.")
    ] = 1.0,
    any_compound: Annotated[
        bool, typer.Option("--any-compound", help="Against the relevant drug, also compounds used for no disease.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace other pairs in the file.")] = False,
    json_output: Json = False,
) -> None:
    """Type:  kedrec dataset pairs --n 2000 --embeddings embeddings --match-popularity --out pairs.jsonl

    Draw pairs from the embedded graph: for a disease a drug that the graph says is used for it, against the drug with
    the most similar embedding that it does not say so of. The same graph, embeddings, options and seed give the same
    file, byte for byte. The report says what could be guessed from popularity alone.
    """
    from kedrec.distill.pairs.report import check_place, report_on, write_pairs

    check_place(out)
    wanted = _wanted(
        n=n, seed=seed, dev=dev, test=test, least_relevance=least_relevance, any_compound=any_compound,
        match_popularity=match_popularity, among=among,
    )  # fmt: skip
    drawn, drawn_from = _draw(wanted, embeddings, ontology or [])
    report = report_on(drawn, wanted, drawn_from)
    same = write_pairs(out, drawn, report, replace=force)
    if json_output:
        return emit_json(report)
    _print(report)
    say(f"{'The same pairs stood already in' if same else 'Written to'} {out}")
    return say(f"Next: kedrec runs start {out} --hide-pairs --out DIR")


def _wanted(**options: Any) -> PairsWanted:
    from pydantic import ValidationError

    from kedrec.distill.pairs.drawn import PairsWanted
    from kedrec.errors import UserError

    try:
        return PairsWanted(**options)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}.") from None


def _draw(wanted: PairsWanted, embeddings: Path, ontology: list[Path]) -> tuple[Drawn, DrawnFrom]:
    from kedrec.distill.pairs.report import DrawnFrom
    from kedrec.distill.pairs.sampling import draw_pairs
    from kedrec.graphdb.embedded.store import EmbeddedStore
    from kedrec.graphdb.embeddings.files import read_embeddings
    from kedrec.graphdb.link_prediction.disease_ontology import read_ontology

    resolved = settings()
    if resolved.store != "embedded":
        say(f"Pairs are drawn from the embedded graph in {resolved.home}, whatever KEDREC_STORE says.")
    store, vectors = EmbeddedStore.open(resolved.home / "graph"), read_embeddings(embeddings)
    kinds = read_ontology(*ontology) if ontology else None
    with counting_bar("pairs") as advance:
        drawn = draw_pairs(store, vectors, wanted, kinds, advance)
    hashes = tuple(_sha256(path) for path in ontology)
    return drawn, DrawnFrom(graph_sha256=store.source_sha256, embeddings_sha256=vectors.sha256, ontology_sha256=hashes)


def _sha256(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _print(report: PairsReport) -> None:
    found = report.popularity
    sizes = ", ".join(f"{name} {size.pairs:,} of {size.diseases:,} diseases" for name, size in report.splits.items())
    typer.echo(f"{report.wanted.n:,} pairs of {report.relevant:,} possible: {sizes}")
    typer.echo(
        f"similarity of the two drugs: median {report.similarity.median:.3f}, least {report.similarity.least:.3f}"
    )
    typer.echo("quartiles           relevant              irrelevant")
    for label, field in (("triples", "degree"), ("other diseases", "uses")):
        sides = (getattr(side, field) for side in (found.relevant, found.irrelevant))
        quartiles = (f"{spread.lower:g} / {spread.median:g} / {spread.upper:g}" for spread in sides)
        typer.echo(f"{label:<20}" + "".join(f"{text:<22}" for text in quartiles).rstrip())
    typer.echo(f"{'different drugs':<20}{found.relevant.drugs:<22,}{found.irrelevant.drugs:,}")
    typer.echo("right by popularity alone (0.5 says nothing):")
    typer.echo(f"  more triples {found.by_degree:.3f}, more uses {found.by_uses:.3f}")
    typer.echo(f"  more often the answer in the pairs of other diseases {found.by_frequency:.3f}")
    if max(abs(share - 0.5) for share in (found.by_degree, found.by_uses, found.by_frequency)) > TELLING:
        more = (
            f"a larger --among than {report.wanted.among}" if report.wanted.match_popularity else "--match-popularity"
        )
        typer.echo(f"  so popularity gives answers away; {more} leaves less of it")
    for drug in report.drugs[:5]:
        typer.echo(f"  {drug.name}: {drug.answer} times the answer, {drug.negative} times the other")
    _print_passed_over(report)


def _print_passed_over(report: PairsReport) -> None:
    labels = {"drugs": "drugs left out", "relevant": "edges left out", "irrelevant": "nearer drugs passed over"}
    for what, label in labels.items():
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in report.passed_over[what].items())
        if reasons:
            typer.echo(f"{label}: {reasons}")
    if report.other_edges:
        typer.echo(f"irrelevant drugs with an edge to the disease that speaks for no therapy: {report.other_edges:,}")
