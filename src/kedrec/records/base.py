"""What all records have in common: they are immutable, and closed to unknown fields."""

from __future__ import annotations

from functools import cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from kedrec.records.showing import fields_as_html

__all__ = ["Record"]


class Record(BaseModel):
    """Base of all records: immutable, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def trusted(cls, fields: dict[str, Any]) -> Self:
        """Return a record of all its fields, right as they are and none looked at."""
        record = cls.__new__(cls)
        _set(record, "__dict__", fields)
        _set(record, "__pydantic_fields_set__", _names_of(cls))
        _set(record, "__pydantic_extra__", None)
        _set(record, "__pydantic_private__", None)
        return record

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return fields_as_html(type(self).__name__, self.model_dump(mode="json"))


_set = object.__setattr__


@cache
def _names_of(kind: type[Record]) -> set[str]:
    """Return the names of all fields; one set for all records of a kind, which nobody changes."""
    return set(kind.model_fields)
