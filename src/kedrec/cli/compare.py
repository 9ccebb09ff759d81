"""`kedrec compare`: choose between drugs for a disease."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from kedrec.cli.terminal.console import Json, emit_json, progress, settings
from kedrec.cli.terminal.options import Brief, Model, SettingOption
from kedrec.gc_pause import uncollected

if TYPE_CHECKING:
    from rich.progress import Progress

    from kedrec.agents.workflow.events import Event
    from kedrec.records import Recommendation, Trace

__all__ = ["compare", "outcome_error", "refuse_long_names", "show_outcome", "step_bar"]


def compare(  # noqa: PLR0917 - typer passes them by name
    disease: Annotated[str, typer.Argument(help="Name or id of the disease.")],
    drugs: Annotated[list[str], typer.Argument(help="One to ten drugs: names or ids.")],
    setting: SettingOption = None,
    model: Model = None,
    json_output: Json = False,
    brief: Brief = False,
) -> None:
    """Type:  kedrec compare "alopecia areata" baricitinib sulfasalazine

    Choose between drugs for a disease, with evidence behind every sentence. With one drug: whether it is reasonable.
    """
    resolved = settings(setting=setting, model=model)
    refuse_long_names(disease, *drugs)
    with uncollected():
        from kedrec.agents.agent import Agent, Query

        query = Query(disease=disease, candidates=tuple(drugs), setting=resolved.setting)
        with Agent.open(resolved) as agent, progress() as bar:
            trace = agent.run(query, step_bar(bar))
    if trace.recommendation is None:
        raise outcome_error(trace)
    show_outcome(trace.recommendation, json_output, brief=brief)


def refuse_long_names(*names: str) -> None:
    """Refuse what cannot be a name, before anything is opened.

    Raises:
        UserError: one of them is too long.
    """
    from kedrec.agents.prompting.answer_format import LONGEST_NAME, refuse_too_long

    for name in names:
        refuse_too_long(name, LONGEST_NAME, "The name")


def show_outcome(recommendation: Recommendation, json_output: bool, *, brief: bool = False) -> None:
    """Print an answer.

    Raises:
        Exit: with code 1, where something that it was to rest on failed.
    """
    if json_output:
        emit_json(recommendation)
    else:
        from kedrec.cli.terminal.answer_view import print_recommendation

        print_recommendation(recommendation, brief=brief)
    if recommendation.failed:
        raise typer.Exit(1)


def step_bar(bar: Progress) -> Callable[[Event], None]:
    """A listener that shows on a progress bar which step is on."""
    from kedrec.agents.workflow.events import STEPS

    task = bar.add_task(STEPS["resolve"], total=None)

    def show(event: Event) -> None:
        if event.kind == "step_started":
            bar.update(task, description=STEPS.get(event.step, event.step))
        elif event.kind == "step_finished":
            bar.advance(task)

    return show


def outcome_error(trace: Trace) -> Exception:
    """The error that ended a run, as the exception that it was: a user's mistake exits 2, failed work 1."""
    from kedrec.errors import error_named

    return error_named(trace.failure["type"], trace.failure["message"])
