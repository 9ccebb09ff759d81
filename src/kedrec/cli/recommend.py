"""`kedrec recommend`: rank the drugs of the graph for a disease."""

from __future__ import annotations

from typing import Annotated

import typer

from kedrec.cli.compare import refuse_long_names
from kedrec.cli.terminal.console import Json, emit_json, progress, settings
from kedrec.cli.terminal.options import SettingOption
from kedrec.gc_pause import uncollected

__all__ = ["recommend"]


def recommend(
    disease: Annotated[str, typer.Argument(help="Name or id of the disease.")],
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="Drugs to show.")] = 10,
    setting: SettingOption = None,
    json_output: Json = False,
) -> None:
    """Type:  kedrec recommend "alopecia areata"

    Rank the drugs of the graph for a disease, by rule, with what speaks for each.
    """
    resolved = settings(setting=setting)
    refuse_long_names(disease)
    with uncollected():
        from kedrec.agents.recommend import rank_drugs
        from kedrec.agents.resources import Resources

        with progress() as bar:
            bar.add_task("weighing every drug of the graph", total=None)
            ranking = rank_drugs(Resources.open(resolved), disease, resolved.setting, top)
    if json_output:
        emit_json(ranking)
    else:
        from kedrec.cli.terminal.answer_view import print_ranking

        print_ranking(ranking)
