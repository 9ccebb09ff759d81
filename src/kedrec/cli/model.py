"""`kedrec model`: what the offline model weighs with, fitted and derived."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from kedrec.cli.terminal.console import Json, emit_json, progress, say, settings

__all__ = ["Derive", "app", "derive_after"]

Derive = Annotated[
    bool | None,
    typer.Option("--derive/--no-derive", help="Go on to derive what the offline model weighs with (KEDREC_DERIVE)."),
]

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The weights of the offline model: show, fit, prepare."
)


@app.command()
def info(json: Json = False) -> None:
    """Type:  kedrec model info

    Show what the weights in use were fitted on, and how well they did in cross-validation.
    """
    from kedrec.agents.offline.ranker import MODEL_FOLDER, load_ranker

    folder = settings().weights or MODEL_FOLDER
    card = load_ranker(folder).card
    if json:
        return emit_json({"folder": str(folder), **card})
    pairs, held_out = card["pairs"], card["cross_validation"]
    print(f"Weights in {folder}, fitted {card['fitted']} on {pairs['items']} pairs of {pairs['diseases']} diseases.")
    print(f"Cross-validated by {held_out['by']} ({held_out['folds']} folds), share of right choices:")
    for setting, accuracy in held_out["accuracy"].items():
        cold = held_out.get("accuracy_cold", {}).get(setting)
        unseen = f"   no drug of the disease known: {cold:.3f}" if cold else ""
        print(f"  {setting:9} {accuracy:.3f}   on the surer 80 %: {held_out['accuracy_surer_80'][setting]:.3f}{unseen}")
    print("A visible direct edge adds a fixed amount, set by hand; confidence is calibrated if there is none.")
    print(f"Never used: {card['not_used']}.")
    return None


@app.command()
def fit(
    pairs: Annotated[Path, typer.Argument(help="Pairs with answers, JSONL.")],
    out: Annotated[Path, typer.Option(help="Folder for the weights.")],
    also_hide: Annotated[
        Path | None, typer.Option(help="Further pairs whose edges are hidden throughout: those held out for measuring.")
    ] = None,
    json: Json = False,
) -> None:
    """Type:  kedrec model fit train.jsonl --out weights --also-hide dev.jsonl

    Fit the weights on pairs, with the graph and the literature of the home. Use them with KEDREC_WEIGHTS=weights.
    """
    from kedrec.agents.offline.fit import fit as fit_weights
    from kedrec.agents.offline.items import pairs_of, read_items
    from kedrec.agents.resources import Resources

    home = Resources.open(settings(store="embedded"))
    hidden = pairs_of(read_items(also_hide)) if also_hide else frozenset()
    with _stages() as told:
        report = fit_weights(
            pairs,
            home.embedded(),
            home.literature(),
            out,
            settings().home / "derived",
            also_hidden=hidden,
            progress=told,
        )
    if json:
        return emit_json(
            {"out": str(out), "items": report.items, "diseases": report.diseases, "accuracy": report.accuracy}
        )
    for setting, accuracy in report.accuracy.items():
        print(
            f"{setting:9} {accuracy:.3f} cross-validated by disease; {report.surer[setting]:.3f} on the surer 80 %, "
            f"{report.cold[setting]:.3f} where no drug of the disease is known"
        )
    return None


@app.command()
def derive(json: Json = False) -> None:
    """Type:  kedrec model derive

    Compute the statistics of graph and literature that the offline model uses. What is up to date is skipped; the
    command can be stopped and resumed.
    """
    seconds = _derive_missing()
    if json:
        emit_json({"seconds": round(seconds, 1)})


def derive_after(wanted: bool | None) -> None:
    """Derive what a new graph or new literature calls for; until it is done, answers come without it and say so.

    Args:
        wanted: the flag; None leaves it to the setting.
    """
    if settings(derive=wanted).derive:
        _derive_missing()


def _derive_missing() -> float:
    """Derive from the graph and from literature where there is any, and return the seconds it took."""
    from kedrec.agents.resources import Resources
    from kedrec.errors import NotReady

    started = time.monotonic()
    try:
        home = Resources.open(settings(store="embedded"))
    except NotReady:
        return 0.0
    both = bool(home.literature().content_sha256)
    with _stages() as told:
        home.weigher().prepare(told) if both else home.weigher().prepare_graph()
    seconds = time.monotonic() - started
    made = "mentions, counts and profiles" if both else "likenesses in the graph"
    say(f"{made} for weighing ready in {seconds:.1f} s")
    return seconds


@contextmanager
def _stages() -> Iterator[Callable[[str, float], None]]:
    with progress() as bar:
        task = bar.add_task("preparing", total=1.0)
        yield lambda stage, share: bar.update(task, description=stage, completed=share)
