"""Which spellings are the same name: case, accents, punctuation and Greek letters never count; letters and digits do.

Isomers and charges stay apart: `(+)-x` is not `(-)-x`, `1,2-x` is not `12-x`, `3'-x` is not `3-x`.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["american", "british", "fold", "fold_loosely"]

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho",
    "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "ß": "ss", "ø": "o", "ł": "l", "đ": "d",
}  # fmt: skip
_GREEK = str.maketrans(GREEK)
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_MARKS = re.compile("[™℠®©]")
_MINUS = re.compile(r"\(\s*-\s*\)|-\s*$|(?<=\d)-(?=\))")
_PRIME = re.compile(r"(?<=\d)['’′ʹ]")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^\w'+]+(?=\d)|(?<=\d)_+(?=\d)")
_OF_NO_KEY = re.compile(r"[^\w´¦]+|_+")
_WORD = re.compile(r"[^\W_]+")
_BRITISH = (
    ("haem", "hem"), ("aemi", "emi"), ("oedem", "edem"), ("oesoph", "esoph"), ("oestr", "estr"), ("oea", "ea"),
    ("paed", "ped"), ("anaes", "anes"), ("aesthe", "esthe"), ("gynaec", "gynec"), ("faec", "fec"), ("caec", "cec"),
    ("aetio", "etio"), ("naev", "nev"), ("coel", "cel"), ("foet", "fet"), ("amoeb", "ameb"), ("homoeo", "homeo"),
    ("caesa", "cesa"), ("caesi", "cesi"), ("leuco", "leuko"), ("sulph", "sulf"), ("tumour", "tumor"),
    ("colour", "color"), ("behaviour", "behavior"), ("odour", "odor"), ("fibre", "fiber"), ("aluminium", "aluminum"),
    ("isation", "ization"), ("paralyse", "paralyze"), ("ceph", "cef"), ("amoxy", "amoxi"),
)  # fmt: skip
"""British spelling and American spelling, the one never part of a word that Americans write so."""
_OF_DRUGS = frozenset({"ceph", "amoxy"})
"""Those that are right in the names of drugs alone: a cephalic disease is no cefalic one."""


def fold(name: str) -> str:
    """Return the key under which all spellings of a name meet; empty where the name has no letter or digit."""
    if name.isascii() and name.isalnum():
        return name.lower()
    text = _plain(name)
    text = _MINUS.sub(" minus ", text).replace("±", " plusminus ").replace("+", " plus ")
    text = _PRIME.sub("´", text)
    text = _BETWEEN_DIGITS.sub("¦", text)
    return _OF_NO_KEY.sub("", text)


def _plain(name: str) -> str:
    if name.isascii():
        return name.lower()
    name = _MARKS.sub("", name)
    text = unicodedata.normalize("NFKC", name.replace("′", "'").replace("’", "'")).casefold()
    text = _DASHES.sub("-", text).translate(_GREEK)
    return "".join(ch for ch in unicodedata.normalize("NFD", text) if not unicodedata.combining(ch))


def fold_loosely(name: str) -> str:
    """Return the key under which a disease's name meets its plural, its inverted and its British form.

    `Arthritis, Rheumatoid` meets `rheumatoid arthritis`, `Leukaemias` meets `leukemia`. Not for drugs, where a letter
    more is another drug.
    """
    text = _plain(name)
    if text.count(", ") == 1:
        first, last = text.split(", ")
        text = f"{last} {first}"
    for theirs, ours in _BRITISH:
        text = text if theirs in _OF_DRUGS else text.replace(theirs, ours)
    return " ".join(_singular(word) for word in _WORD.findall(text.replace("'s", "").replace("'", "")))


def american(name: str) -> str:
    """Return a name as Americans spell it, in lower case: `sulphasalazine` as `sulfasalazine`."""
    text = name.lower()
    for theirs, ours in _BRITISH:
        text = text.replace(theirs, ours)
    return text


def british(name: str) -> tuple[str, ...]:
    """Return the spellings of a name, in lower case, that have one part of it as the British write it."""
    text = name.lower()
    return tuple(text.replace(ours, theirs) for theirs, ours in _BRITISH if ours in text and theirs not in text)


def _singular(word: str) -> str:
    if len(word) < 5 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s")
