"""The API of ClinicalTrials.gov, version 2: studies page by page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kedrec.characters import mended
from kedrec.errors import SourceError, SourceRefused
from kedrec.tools.live.http import Asker, HttpResponse, Unsound

__all__ = ["Studies", "TrialsApi"]

STUDIES_AT_ONCE = 100
"""Studies of one page; the API gives up to 1,000."""


@dataclass
class Studies:
    """What a query finds."""

    total: int = 0
    """How many there are."""
    pages: list[list[Any]] = field(default_factory=list)
    """The studies as the API gives them, the most relevant first."""
    given: list[HttpResponse[dict[str, Any]]] = field(default_factory=list)
    """The answers that they stand in."""
    problem: SourceError | None = None
    """Why there are fewer than asked for, where there are."""

    @property
    def count(self) -> int:
        """Studies that came."""
        return sum(map(len, self.pages))


class TrialsApi:
    """Finds studies.

    Args:
        asker: Asks ClinicalTrials.gov.
        fresh: Whether to ask although answers are kept.
    """

    def __init__(self, asker: Asker, *, fresh: bool = False) -> None:
        self._asker, self._fresh = asker, fresh

    def studies(self, fields: Mapping[str, str], most: int) -> Studies:
        """Find studies.

        Args:
            fields: What is asked.
            most: Most studies.

        Raises:
            SourceError: not even the first page came.
        """
        found = self._walk(fields, most, fresh=self._fresh)
        stale = isinstance(found.problem, SourceRefused) and found.given[0].kept
        return self._walk(fields, most, fresh=True) if stale else found

    def _walk(self, fields: Mapping[str, str], most: int, *, fresh: bool) -> Studies:
        """Go from page to page; the token of a kept page may mean nothing any more."""
        asked = {**fields, "pageSize": str(min(most, STUDIES_AT_ONCE)), "countTotal": "true", "sort": "@relevance"}
        found, token = Studies(), ""
        while found.count < most:
            try:
                page = self._asker.ask("studies", asked | ({"pageToken": token} if token else {}), _page, fresh=fresh)
            except SourceError as error:
                if not found.given:
                    raise
                found.problem = error
                break
            found.total = int(page.value.get("totalCount", found.total))
            found.pages.append(page.value["studies"][: most - found.count])
            found.given.append(page)
            token = page.value.get("nextPageToken", "")
            if not token:
                break
        found.total = max(found.total, found.count)
        return found


def _page(body: bytes) -> dict[str, Any]:
    try:
        page = mended(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise Unsound(f"an answer that is cut off or no JSON ({error})") from None
    if not isinstance(page, dict) or not isinstance(page.get("studies"), list):
        raise Unsound("an answer without studies")
    if not isinstance(page.get("nextPageToken", ""), str) or not isinstance(page.get("totalCount", 0), int):
        raise Unsound("an answer whose paging cannot be read")
    return page
