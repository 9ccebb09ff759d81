"""Sentences with the names in question replaced by marks, so that rules can speak of `the drug` and `the other one`."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache

from kedrec.records import Entity
from kedrec.tools.text.cues.written_names import name_pattern
from kedrec.tools.text.naming import is_part_of_longer

__all__ = ["DISEASE", "DRUG", "OTHER", "given", "marked", "unbracketed", "without_heading"]

DRUG, OTHER, DISEASE = "§D", "§O", "§X"
"""Stand for the drug in question, the drug that it is compared with, and the disease."""

_HEADING = re.compile(
    r"^[\W_]*(?:(?:Summary )?(?:BACKGROUND|INTRODUCTION|CONTEXT|RESULTS?|CONCLUSIONS?|FINDINGS|INTERPRETATION)\b"
    r"(?:[^:]{0,30}:| )\s*)?",
    re.IGNORECASE,
)
"""What an abstract calls a part of it, before its first sentence."""
_SALT = re.compile(
    r",? (?:sodium|potassium|disodium|hydrochloride|acetate|propionate|furoate|mesylate|maleate|tartrate|succinate|"
    r"sulfate|phosphate|bromide|besylate|fumarate|etexilate|medoxomil|human|recombinant)$",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"(?:ium|zinc|iron|copper|silver|iodine|oxygen|protamine)$", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*\([^()]*\)|\s*\[[^\[\]]*\]")
_P_VALUE = re.compile(r"\bp\s*[=<>≤≥]\s*0?[.·]\d+")

_NOT_GIVEN = re.compile(
    r"§D[- ](?:deprivation|deficien\w+|receptors?|delivery|consumption|requirements?|saturation|species|uptake|tension"
    r"|channels?|levels|concentrations?|scintigraphy|imaging|derivatives?|treatments? have failed|abuse|dependence"
    r"|dependent|sensitive|resistant|refractory|naive|stress|challenges?"
    r"|(?:(?:breath|tolerance|absorption|stimulation|suppression|excretion)[- ])?tests?|testing|intoleran\w+"
    r"|treatment failure)"
    r"|(?:inadequately|insufficiently|insufficient(?:ly)? controlled|not (?:optimally "
    r"|adequately )?controlled) (?:\w+ )?(?:on|with|by) (?:a )?(?:\w+[- ])?§D|(?:in combination with|combined with"
    r"|added to|adjunct to(?: \w+)?|background(?: of)?|on stable|ratio of) (?:\w+ )?§D(?=[ ,.])(?! (?:and|plus))"
    r"|non-?respon\w+ to [^;.]{0,60}§D|inadequate (?:\w+ )?(?:control|response) (?:on|with|to) [^,;.]{0,60}§D"
    r"|(?:±|\+/-|with or without) ?§D|antigen-induced §D|(?:after|following) (?:\w+ )?(?:failure"
    r"|failing) (?:of|on|with) §D|(?:reactive|serum|plasma|urinary"
    r"|intracellular|resistance to|resistant to|refractory to|intolerant (?:of|to)) §D"
)
"""The drug's name, and no drug given."""


def without_heading(sentence: str) -> str:
    """Return a sentence without the `RESULTS:` before it."""
    return _HEADING.sub("", sentence)


def marked(sentence: str, drug: Entity, disease: Entity | None = None, others: Sequence[Entity] = ()) -> str:
    """Return a sentence in lower case, one blank between words, with names replaced by their marks.

    An abbreviation in brackets behind a name is marked as well, wherever it stands.

    Args:
        sentence: the sentence.
        drug: the drug in question.
        disease: the disease; None where it is not looked for.
        others: drugs that it is compared with.
    """
    text = " ".join(html.unescape(sentence).split())
    for mark, entities in ((DRUG, [drug]), (OTHER, others), (DISEASE, [disease] if disease else [])):
        for entity in entities:
            text = _with_short(_replaced(text, name_pattern(_with_bare_names(entity), text), mark), mark)
    return re.sub(r"§[dox]", lambda found: found[0].upper(), text.lower())


@lru_cache(maxsize=512)
def _with_bare_names(entity: Entity) -> Entity:
    """A drug or disease that has its names also without the salt, and as they are spelled across the Atlantic."""
    bare = {_SALT.sub("", name) for name in (entity.name, *entity.synonyms)}
    bare = {name for name in bare if len(name) > 6 and not _ELEMENT.search(name)}
    if "cyclosporin" in entity.name.lower():
        bare.add("ciclosporin")
    return entity.model_copy(update={"synonyms": (*entity.synonyms, *sorted(bare))})


def _replaced(text: str, names: re.Pattern[str], mark: str) -> str:
    return names.sub(lambda hit: hit[0] if is_part_of_longer(text, *hit.span()) else mark, text)


def _with_short(text: str, mark: str) -> str:
    """The text with the abbreviation that it introduces in brackets behind a mark replaced by the mark."""
    for short in re.findall(rf"{mark}(?: [a-z]+)? ?\( ?([A-Z][A-Za-z0-9-]{{1,7}}) ?\)", text):
        text = re.sub(rf"(?<![\w-]){re.escape(short)}(?![\w-])", mark, text)
    return text


def unbracketed(text: str) -> str:
    """Return a marked text without what stands in brackets, its p values kept."""
    while _BRACKETS.search(text):
        text = _BRACKETS.sub(lambda hit: "".join(f" {value}" for value in _P_VALUE.findall(hit[0])), text)
    return " ".join(text.split())


def given(text: str) -> str:
    """Return a marked text in which the drug's name stands only where the drug is given."""
    return _NOT_GIVEN.sub("it", text)
