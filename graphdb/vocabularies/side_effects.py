"""How texts word a side effect that a list of effects has by one name: `Haematuria`, `Weight increased`."""

from __future__ import annotations

import re

from kedrec.records import SIDE_EFFECT

__all__ = ["is_side_effect", "listed_as", "wordings"]

_AMERICAN = (
    ("haem", "hem"), ("aemi", "emi"), ("oedema", "edema"), ("rrhoea", "rrhea"), ("oesoph", "esoph"),
    ("pnoea", "pnea"), ("tumour", "tumor"), ("anaesth", "anesth"), ("faec", "fec"), ("coeliac", "celiac"),
)  # fmt: skip
"""British beginnings of words and their American spelling; MedDRA, from which the names come, is British."""
_CHANGES = {"increased": "gain", "decreased": "loss", "abnormal": "abnormality", "impaired": "impairment"}
_CHANGED = re.compile(rf"(.+) ({'|'.join(_CHANGES)})", re.IGNORECASE)


def is_side_effect(entity_id: str) -> bool:
    """Whether an id is that of a side effect."""
    return entity_id.startswith(f"{SIDE_EFFECT}::")


def wordings(name: str) -> tuple[str, ...]:
    """Return other ways of writing the name of an effect: turned round, and in American spelling."""
    found, changed = [name.lower()], _CHANGED.fullmatch(name.lower())
    if changed:
        found += [f"{changed[2]} {changed[1]}", f"{changed[1]} {_CHANGES[changed[2]]}"]
    return tuple(one for one in dict.fromkeys([*found, *map(_american, found)]) if one != name.lower())


def _american(name: str) -> str:
    for british, american in _AMERICAN:
        name = name.replace(british, american)
    return name


def listed_as(said: str) -> tuple[str, ...]:
    """Return names under which an effect may be listed that people call so: `weight gain`, `diarrhea`, `infections`."""
    plain = said.lower()
    found = [plain, *([plain[:-1]] if plain.endswith("s") else ())]
    for listed, usual in _CHANGES.items():
        for one in tuple(found):
            if one.endswith(f" {usual}"):
                found.append(f"{one.removesuffix(usual)}{listed}")
            if one.startswith(f"{listed} "):
                found.append(f"{one.removeprefix(listed).strip()} {listed}")
    return tuple(dict.fromkeys([*found, *(british for one in found for british in _british(one))]))


def _british(name: str) -> tuple[str, ...]:
    forms = (name.replace(american, british) for british, american in _AMERICAN)
    return tuple(form for form in forms if form != name)
