"""NCBI's E-utilities: `esearch` finds ids, `efetch` brings what they stand for.

Ids are asked for by number and not through NCBI's history: a history server forgets, so what hangs on it can be neither
kept nor resumed. Everything is sent by POST, so that no key stands in an address. Formats: NBK25499.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element

from kedrec.errors import SourceError, SourceRefused
from kedrec.tools.live.http import Asker, HttpResponse, Unsound
from kedrec.tools.sources import jats, pubmed_xml
from kedrec.tools.streams.xml_stream import CutOff, elements, parse, root_tag, text_of

__all__ = ["Batch", "Eutils", "QueryHits", "pmc_ids"]

Database = Literal["pubmed", "pmc"]
IDS_AT_ONCE = 1000
RECORDS_AT_ONCE: dict[Database, int] = {"pubmed": 100, "pmc": 10}
"""Records of one `efetch`; NCBI takes up to 200 ids, full texts are large."""
MOST = 9_999
"""Ids that PubMed gives for one query."""
_PASSES = re.compile(r"(?i)backend|tempora|unavailable|timed? ?out|rate limit|try again|busy|overload")
"""What NCBI says where the same request may succeed later."""
_READERS: dict[Database, tuple[tuple[str, ...], Callable[[io.BufferedReader], Iterator[bytes]]]] = {
    "pubmed": (pubmed_xml.ROOTS, pubmed_xml.records),
    "pmc": (jats.ROOTS, jats.records),
}
_IDENTIFIERS: dict[Database, Callable[[bytes], str]] = {"pubmed": pubmed_xml.identifier, "pmc": jats.identifier}


@dataclass(frozen=True)
class QueryHits:
    """What a query finds."""

    ids: tuple[str, ...]
    """Numbers, the most relevant first."""
    total: int
    """How many there are."""
    notes: tuple[str, ...]
    """What NCBI says of the query: phrases that it does not know."""
    problem: SourceError | None
    """Why there are fewer ids than asked for, where there are."""
    given: tuple[float, ...]
    """When each answer was given."""


@dataclass(frozen=True)
class Batch:
    """What one `efetch` brought, or why it did not."""

    asked_for: tuple[str, ...]
    """Numbers."""
    answer: HttpResponse[list[bytes]] | None
    """The records, unparsed."""
    problem: SourceError | None
    """Why there is no answer."""
    lacking: tuple[str, ...] = ()
    """Numbers that were answered with nothing."""


class Eutils:
    """Searches and fetches.

    Args:
        asker: Asks NCBI.
        fresh: Whether to ask although answers are kept.
    """

    def __init__(self, asker: Asker, *, fresh: bool = False) -> None:
        self._asker, self._fresh = asker, fresh

    def search(self, query: str, most: int) -> QueryHits:
        """Find articles in PubMed.

        Args:
            query: In PubMed's language.
            most: Most ids.

        Raises:
            SourceError: not even the first page came.
        """
        first = self._ids(query, 0, min(most, IDS_AT_ONCE))
        ids, given, problem = dict.fromkeys(first.value.ids), [first.given], None
        wanted = min(most, first.value.total, MOST)
        try:
            for start in range(IDS_AT_ONCE, wanted, IDS_AT_ONCE):
                page = self._ids(query, start, min(IDS_AT_ONCE, wanted - start))
                ids.update(dict.fromkeys(page.value.ids))
                given.append(page.given)
        except SourceError as error:
            problem = error
        return QueryHits(tuple(ids), first.value.total, first.value.notes, problem, tuple(given))

    def _ids(self, query: str, start: int, count: int) -> HttpResponse[QueryHits]:
        fields = {"db": "pubmed", "term": query, "retstart": str(start), "retmax": str(count)}
        return self._asker.ask(
            "esearch.fcgi", {**fields, "retmode": "xml", "sort": "relevance"}, self._read_ids, fresh=self._fresh
        )

    def _read_ids(self, body: bytes) -> QueryHits:
        root = _only(body, "eSearchResult")
        said = text_of(root.find("ERROR"))
        if said:
            raise self._refusal(said)
        total = text_of(root.find("Count"))
        if not total.isdecimal():
            raise Unsound("an answer without a count")
        ids = tuple(text_of(number) for number in root.findall("IdList/Id"))
        unknown = [text_of(phrase) for phrase in root.findall("ErrorList/PhraseNotFound")]
        unknown += [text_of(phrase) for phrase in root.findall("WarningList/QuotedPhraseNotFound")]
        notes = (f"{self._asker.host.name} does not know {', '.join(unknown)}.",) if unknown else ()
        return QueryHits(ids, int(total), notes, None, ())

    def fetch(self, database: Database, ids: Sequence[str]) -> Iterator[Batch]:
        """Bring the records of ids, some at a time; a batch that does not come does not end the others.

        Args:
            database: `pubmed` (citations) or `pmc` (full texts).
            ids: Numbers.
        """
        size = RECORDS_AT_ONCE[database]
        for start in range(0, len(ids), size):
            yield self._batch(database, tuple(ids[start : start + size]))

    def _batch(self, database: Database, ids: tuple[str, ...]) -> Batch:
        """Fetch some ids; where a kept answer lacks one, ask again."""
        try:
            answer = self._records(database, ids, fresh=self._fresh)
            if answer.kept and _lacking(database, ids, answer.value):
                answer = self._records(database, ids, fresh=True)
        except SourceError as error:
            return Batch(ids, None, error)
        return Batch(ids, answer, None, _lacking(database, ids, answer.value))

    def _records(self, database: Database, ids: tuple[str, ...], *, fresh: bool) -> HttpResponse[list[bytes]]:
        fields = {"db": database, "id": ",".join(ids), "retmode": "xml"}
        return self._asker.ask("efetch.fcgi", fields, lambda body: self._read_records(database, body), fresh=fresh)

    def _read_records(self, database: Database, body: bytes) -> list[bytes]:
        roots, records = _READERS[database]
        root = root_tag(body[: 1 << 16])
        if root in ("eFetchResult", "ERROR"):
            raise self._refusal(text_of(_only(body, root)))
        if root not in roots:
            raise Unsound(_no_answer(body))
        try:
            return list(records(io.BufferedReader(io.BytesIO(body))))
        except CutOff as error:
            raise Unsound(f"an answer that is cut off ({error})") from None

    def _refusal(self, said: str) -> Unsound | SourceRefused:
        if _PASSES.search(said):
            return Unsound(f"it says {said!r}")
        return SourceRefused(f"{self._asker.host.name}: it says {said!r}")


def _lacking(database: Database, ids: Sequence[str], records: Sequence[bytes]) -> tuple[str, ...]:
    """Return the ids that none of the records has."""
    came = {re.sub(r"\D", "", _IDENTIFIERS[database](record)) for record in records}
    return tuple(number for number in ids if number not in came)


def _only(body: bytes, tag: str) -> Element:
    """Parse an answer that is one element, whatever document type stands before it."""
    try:
        found = next(elements(io.BufferedReader(io.BytesIO(body)), (tag,)), None)
        if found is not None:
            return parse(found)
    except (CutOff, ValueError) as error:
        raise Unsound(f"an answer that is cut off or damaged ({error})") from None
    raise Unsound(_no_answer(body))


def _no_answer(body: bytes) -> str:
    """Describe what came instead of an answer."""
    beginning = " ".join(body[:80].decode("utf-8", "replace").split())
    return f"an answer of another form, {beginning!r}" if beginning else "an empty answer"


def pmc_ids(records: Sequence[bytes]) -> list[str]:
    """Return the numbers under which PubMed Central has the articles of citations; those it does not have are left out.

    Args:
        records: Citations, unparsed; one that cannot be parsed counts as not there.
    """
    found: dict[str, None] = {}
    for record in records:
        try:
            numbers = parse(record).findall("PubmedData/ArticleIdList/ArticleId[@IdType='pmc']")
        except ValueError:
            continue
        found.update(dict.fromkeys(text_of(number).removeprefix("PMC") for number in numbers))
    return [number for number in found if number.isdecimal()]
