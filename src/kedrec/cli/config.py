"""`kedrec config`: each setting, its value and where it came from."""

from __future__ import annotations

from kedrec.cli.terminal.console import Json, emit_json

__all__ = ["config"]


def config(as_json: Json = False) -> None:
    """Type:  kedrec config

    Print each setting, its value, where it came from and its environment variable.
    """
    from kedrec.config import ENV_PREFIX, load

    resolved = load()
    rows = resolved.settings.model_dump(mode="json")
    if as_json:
        emit_json({key: {"value": value, "origin": resolved.origin[key]} for key, value in rows.items()})
        return
    for key, value in rows.items():
        about = type(resolved.settings).model_fields[key].description
        print(f"{key} = {value!r}   [{resolved.origin[key]}; {ENV_PREFIX}{key.upper()}]\n    {about}")
