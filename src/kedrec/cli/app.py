"""Puts the command groups together and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from kedrec.cli import answer, config, dataset, evaluate, graph, literature, model, recommend, runs, student, trace
from kedrec.cli.console import say
from kedrec.cli.going_on import said_when_stopped
from kedrec.errors import KedrecError, UserError

__all__ = ["app", "main"]

THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
"""Unless set already: our products are small; on busy cores threads that share or spin are up to 100 times slower."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    help="""Type:  kedrec ask "Why baricitinib rather than sulfasalazine for alopecia areata?"

Drug choices with evidence behind every sentence, from a knowledge graph and the literature.

First load a graph and literature: kedrec graph load FILE --names FILE; kedrec literature add FILE.
--home DIR (KEDREC_HOME) may stand anywhere on the line and says where all state lives.""",
)
app.add_typer(graph.app, name="graph")
app.add_typer(literature.app, name="literature")
app.command("ask")(answer.ask)
app.command("chat")(answer.chat)
app.command("compare")(recommend.compare)
app.command("recommend")(recommend.recommend)
app.add_typer(trace.app, name="trace")
app.add_typer(runs.app, name="runs")
app.add_typer(dataset.app, name="dataset")
app.add_typer(student.app, name="student")
app.add_typer(evaluate.app, name="eval")
app.add_typer(model.app, name="model")
app.command("config")(config.config)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; never returns normally.

    Exit codes: 0 done, 1 the work failed or a replay differed, 2 the user's mistake, 130 Ctrl-C.
    """
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    sys.exit(_run(list(sys.argv[1:] if argv is None else argv)))


def _run(argv: list[str]) -> int:
    try:
        outcome = app(take_home(argv), standalone_mode=False, prog_name="kedrec")
        return outcome if isinstance(outcome, int) else 0
    except KedrecError as error:
        say(f"kedrec: {error}")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        say(said_when_stopped(take_home(argv)))
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        say(f"kedrec: {error.filename or 'the system'}: {error.strerror or error}")
        return 1
    except Exception as error:
        if hasattr(error, "exit_code") and hasattr(error, "format_message"):  # click's own usage errors
            say(f"kedrec: {error.format_message()} Try: kedrec {' '.join(argv[:1])} --help")
            return int(error.exit_code)
        raise


def take_home(argv: list[str]) -> list[str]:
    """Take `--home DIR` out of the arguments, wherever it stands, and make it the environment's `KEDREC_HOME`."""
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            return [*rest, word, *words]
        if word == "--home" or word.startswith("--home="):
            os.environ["KEDREC_HOME"] = _home_value(word, words)
        else:
            rest.append(word)
    return rest


def _home_value(word: str, following: object) -> str:
    value = word.partition("=")[2] if "=" in word else next(iter(following), "")  # type: ignore[call-overload]
    if not value:
        raise UserError("--home needs a folder: --home DIR")
    return str(value)
