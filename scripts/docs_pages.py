"""Pages of the documentation site that are made from the code, so that they say what it does: commands, records.

A hook of MkDocs (`mkdocs.yml`); the pages are made when the site is, and are in no commit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.structure.files import File

import kedrec.records
from kedrec.cli.app import app

__all__ = ["commands_page", "on_files", "records_page"]


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages to the site."""
    for name, made in (("commands.md", commands_page()), ("records.md", records_page())):
        files.append(File.generated(config, name, content=made))
    return files


def commands_page() -> str:
    """Each command: what to type, what it does, its options."""
    parts = ["# Every command", "As `kedrec COMMAND --help` says it. What has `--json` prints one object for programs."]
    for words, command in _commands(typer.main.get_command(app), ()):
        typed, _, told = (command.help or "").partition("\n")
        parts += [f"## kedrec {' '.join(words)}", f"```\n{_typed(typed)}\n```", told.strip(), _options(command)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _commands(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from _commands(one, (*words, name))
        else:
            yield (*words, name), one


def _typed(line: str) -> str:
    return line.removeprefix("Type:").strip().removesuffix(".")


def _options(command: Any) -> str:
    rows = [
        f"| `{', '.join((*one.opts, *one.secondary_opts))}` | {_cell(getattr(one, 'help', None) or '')} |"
        for one in command.params
        if one.opts and one.opts[0].startswith("-") and not getattr(one, "hidden", False)
    ]
    return "\n".join(["| option | |", "|---|---|", *rows]) if rows else ""


def records_page() -> str:
    """Each record that crosses a folder or a file: its fields, their types and what they mean."""
    parts = ["# Records", "What is written to files and sent over HTTP, as JSON: every field, as the code has it."]
    for path in sorted(Path(kedrec.records.__file__).parent.glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and (rows := list(_fields(node))):
                parts += [
                    f"## {node.name}",
                    ast.get_docstring(node) or "",
                    "\n".join(["| field | type | |", "|---|---|---|", *rows]),
                ]
    return "\n\n".join(parts) + "\n"


def _fields(record: ast.ClassDef) -> Iterator[str]:
    """A row for each field; the text behind it says what it is."""
    for field, told in zip(record.body, record.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(told, ast.Expr):
            meaning = _cell(ast.literal_eval(told.value))
            yield f"| `{field.target.id}` | `{_cell(ast.unparse(field.annotation))}` | {meaning} |"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()
