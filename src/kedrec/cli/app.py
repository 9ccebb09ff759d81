"""Puts the command groups together and turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from kedrec import __version__
from kedrec.cli import (
    ask,
    chat,
    compare,
    config,
    dataset,
    evaluate,
    graph,
    literature,
    model,
    recommend,
    runs,
    serve,
    student,
    trace,
)
from kedrec.cli.terminal.console import say
from kedrec.cli.terminal.help import say_in_short
from kedrec.cli.terminal.pipes import flushed, reader_is_gone
from kedrec.cli.terminal.when_stopped import said_when_stopped
from kedrec.errors import KedrecError, UserError
from kedrec.os_error_causes import cause_of

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
--home DIR (KEDREC_HOME) may stand anywhere on the line and names the folder of all state.""",
)
app.add_typer(graph.app, name="graph")
app.add_typer(literature.app, name="literature")
app.command("ask")(ask.ask)
app.command("chat")(chat.chat)
app.command("compare")(compare.compare)
app.command("recommend")(recommend.recommend)
app.add_typer(trace.app, name="trace")
app.add_typer(runs.app, name="runs")
app.add_typer(dataset.app, name="dataset")
app.add_typer(student.app, name="student")
app.add_typer(evaluate.app, name="eval")
app.add_typer(model.app, name="model")
app.command("serve")(serve.serve)
app.command("mcp")(serve.mcp)
app.command("config")(config.config)
say_in_short(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kedrec {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options that stand before any command; the help is that of the app."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; never returns normally.

    Exit codes: 0 done, 1 the work failed or a replay differed, 2 the user's mistake, 130 Ctrl-C.
    """
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
    except (OSError, SystemExit) as error:  # click and rich exit by themselves when nobody reads any more
        if not reader_is_gone(error):
            raise
        code = 0
    sys.exit(code if flushed() else code or 1)


def _run(argv: list[str]) -> int:
    try:
        outcome = app(take_home(argv), standalone_mode=False, prog_name="kedrec")
        return outcome if isinstance(outcome, int) else 0
    except KedrecError as error:
        say(f"kedrec: {error}")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort) as error:
        return _stopped(error, argv)
    except OSError as error:
        return 0 if reader_is_gone(error) else _refused(error)
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stdout.write(f"{error}\n")
            return 0
        if hasattr(error, "exit_code") and hasattr(error, "format_message"):  # click's own usage errors
            say(f"kedrec: {error.format_message()} Try: kedrec {' '.join(argv[:1])} --help")
            return int(error.exit_code)
        raise


def _stopped(error: BaseException, argv: list[str]) -> int:
    """Ctrl-C; click takes a file that ends too early for Ctrl-D at a prompt."""
    if isinstance(error.__cause__, EOFError):
        say(f"kedrec: a file ended before it should ({error.__cause__}); it may be damaged")
        return 1
    say(said_when_stopped(take_home(argv)))
    return 130


def _refused(error: OSError) -> int:
    """What the system would not do, and what helps."""
    advice, reason = cause_of(error), error.strerror or str(error)
    say(f"kedrec: {error.filename or 'the system'}: {f'{advice} ({reason})' if advice else reason}")
    return 1


def take_home(argv: list[str]) -> list[str]:
    """Take `--home DIR` out of the arguments, wherever it stands, and make it the environment's `KEDREC_HOME`."""
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            return [*rest, word, *words]
        if word == "--home" or word.startswith("--home="):
            value = word.partition("=")[2] if "=" in word else next(iter(words), "")
            if not value:
                raise UserError("--home needs a folder: --home DIR")
            os.environ["KEDREC_HOME"] = value
        else:
            rest.append(word)
    return rest
