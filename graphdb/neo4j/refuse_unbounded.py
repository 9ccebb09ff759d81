"""Refuses, by its text, a query of a user or a model that could compute for ever, before a server sees it.

A server stops a traversal of nodes and edges at its time limit, and refuses what would write. It does not check the
time while it computes one value: a long `range`, a `reduce`, a regular expression that backtracks or a nested loop over
lists run as long as they like. So these are refused by their words.

What this covers: those words, wherever they stand outside of strings and comments, in back-ticks or not. What it does
not: a value that grows by doubling (`WITH l + l AS l`, thirty times over); `user_query` ends the process for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

__all__ = ["LONGEST", "objection"]

LONGEST = 4_000
"""Characters of a query."""
ENDLESS = {"range": "UNWIND a list of your own", "reduce": "use sum, min, max or collect", "allreduce": "use all"}
"""Function that can work for ever on one value -> what to use in its place."""
OWN_NAMESPACES = {"date", "datetime", "duration", "localdatetime", "localtime", "point", "time", "vector"}
"""First parts of the functions with a dot that every server has and that only calculate."""
QUANTIFIERS = {"all", "any", "none", "single"}
PREFIXES = {"explain", "profile", "cypher"}

_TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<comment>//[^\n]*|/\*.*?\*/)|`(?P<quoted>(?:[^`]|``)*)`"""
    r"|(?P<word>[^\W\d]\w*)|(?P<number>\d\w*)|(?P<sign>=~|\S)",
    re.DOTALL,
)


def objection(query: str) -> str | None:
    """Why a query is not sent to a server, in a sentence that says what to write instead; None where it may be."""
    if not query.strip():
        return "The query is empty."
    if len(query) > LONGEST:
        return f"The query has {len(query):,} characters; at most {LONGEST:,} are allowed. Ask for less at once."
    if "\\u" in query:
        return r"The query has an escape of the form \u0041. Write the character itself."
    tokens = list(_tokens(query))
    if tokens and tokens[0] in PREFIXES:
        return f"The query begins with {tokens[0].upper()}. Begin with MATCH."
    return _function(tokens) or _loop(tokens)


def _tokens(query: str) -> Iterator[str]:
    """Yield words in lower case, and signs; a string counts as one sign."""
    for found in _TOKEN.finditer(query):
        if found["word"] or found["quoted"]:
            yield (found["word"] or found["quoted"]).lower()
        elif found["comment"] is None:
            yield found["sign"] or "''"


def _function(tokens: Sequence[str]) -> str | None:
    if "=~" in tokens:
        return "The query has a regular expression (=~). Use CONTAINS, STARTS WITH or toLower(...) = ... instead."
    for at, (word, sign) in enumerate(pairwise(tokens)):
        if sign == "(" and word in ENDLESS:
            return f"The query calls {word}(), which may never end. Rather {ENDLESS[word]}."
        if sign == "(" and at > 1 and tokens[at - 1] == "." and _namespace(tokens, at) not in OWN_NAMESPACES:
            return f"The query calls something of {_namespace(tokens, at)!r}; only Cypher's own functions are allowed."
    return None


def _namespace(tokens: Sequence[str], at: int) -> str:
    """Return the first part of the dotted name that ends here."""
    while at > 1 and tokens[at - 1] == ".":
        at -= 2
    return tokens[at]


def _loop(tokens: Sequence[str]) -> str | None:
    """Return what is wrong, if there is a loop over one list inside a loop over another."""
    open_loops: list[bool] = []
    for at, token in enumerate(tokens):
        if token in "([{":
            # Whether a bracket begins `[x IN …` or `any(x IN …`.
            over = at + 2 < len(tokens) and tokens[at + 2] == "in"
            loops = over and (token == "[" or (token == "(" and at > 0 and tokens[at - 1] in QUANTIFIERS))
            if loops and any(open_loops):
                return "The query has a loop over a list within another loop. UNWIND one of the lists instead."
            open_loops.append(loops)
        elif token in ")]}" and open_loops:
            open_loops.pop()
    return None
