"""The command line: one file per command group, each thin; results on stdout, progress and errors on stderr."""

from kedrec.cli.app import main

__all__ = ["main"]
