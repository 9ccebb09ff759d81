"""NCBI's E-utilities and the API of ClinicalTrials.gov on loopback, with their formats and their ways to fail."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

__all__ = ["Article", "Fault", "LiveServer", "Study", "serving"]

DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE {0} PUBLIC "-//NLM//DTD {0}//EN" "https://nowhere/x.dtd">\n'
)


@dataclass(frozen=True)
class Article:
    number: int
    title: str
    abstract: str
    date: str = "2020-03-01"
    pmc: int | None = None
    body: bool = True

    @property
    def xml(self) -> str:
        year, month, day = self.date.split("-")
        pmc = f'<ArticleId IdType="pmc">PMC{self.pmc}</ArticleId>' if self.pmc else ""
        return (
            f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{self.number}</PMID>'
            f"<DateRevised><Year>{year}</Year><Month>{month}</Month><Day>{day}</Day></DateRevised>"
            f'<Article PubModel="Print"><Journal><JournalIssue CitedMedium="Internet"><PubDate><Year>{year}</Year>'
            f"<Month>{month}</Month><Day>{day}</Day></PubDate></JournalIssue></Journal>"
            f"<ArticleTitle>{escape(self.title)}</ArticleTitle><Abstract><AbstractText>{escape(self.abstract)}"
            "</AbstractText></Abstract><PublicationTypeList><PublicationType UI='D016428'>Journal Article"
            "</PublicationType></PublicationTypeList></Article></MedlineCitation><PubmedData><ArticleIdList>"
            f'<ArticleId IdType="pubmed">{self.number}</ArticleId>{pmc}</ArticleIdList><ReferenceList><Reference>'
            '<ArticleIdList><ArticleId IdType="pmc">PMC999999</ArticleId></ArticleIdList></Reference></ReferenceList>'
            "</PubmedData></PubmedArticle>"
        )

    @property
    def jats(self) -> str:
        body = "<body><sec><title>Methods</title><p>Randomly, at 12 sites.</p></sec></body>" if self.body else ""
        return (
            '<article xmlns:xlink="http://www.w3.org/1999/xlink" article-type="research-article"><front><article-meta>'
            f'<article-id pub-id-type="pmid">{self.number}</article-id><article-id pub-id-type="pmc">{self.pmc}'
            f"</article-id><title-group><article-title>{escape(self.title)}</article-title></title-group>"
            f"<pub-date pub-type='epub'><year>{self.date[:4]}</year></pub-date><abstract><p>{escape(self.abstract)}</p>"
            f"</abstract></article-meta></front>{body}</article>"
        )


@dataclass(frozen=True)
class Study:
    number: int
    title: str
    condition: str
    drug: str
    updated: str = "2020-03-01"

    @property
    def json(self) -> dict[str, Any]:
        return {
            "protocolSection": {
                "identificationModule": {"nctId": f"NCT{self.number:08d}", "briefTitle": self.title},
                "statusModule": {"overallStatus": "COMPLETED", "lastUpdatePostDateStruct": {"date": self.updated}},
                "descriptionModule": {"briefSummary": f"{self.drug} for {self.condition}."},
                "conditionsModule": {"conditions": [self.condition]},
                "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE3"]},
                "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": self.drug}]},
            },
            "hasResults": False,
        }


@dataclass(frozen=True)
class Fault:
    """What happens to one request in place of its answer, or to its answer."""

    path: str = ""
    """Part of the path, or of the fields, of the requests that it befalls."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None
    """Bytes of the answer that are left out at its end; its length is told as that of the rest."""
    stall: bool = False
    """Whether the answer never comes."""


class LiveServer(ThreadingHTTPServer):
    """Both services; `faults` are used up by the requests that they befall, in order."""

    daemon_threads = True
    articles: list[Article]
    studies: list[Study]
    faults: list[Fault]
    requests: list[tuple[str, str, dict[str, str]]]
    """Method, path with query, and fields of each request."""
    times: list[float]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def asked(self, part: str) -> list[dict[str, str]]:
        """The fields of the requests whose path has this part."""
        return [fields for _, path, fields in self.requests if part in path]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""

    def answer(self, path: str, fields: dict[str, str]) -> tuple[int, str, bytes]:
        if path.endswith("/esearch.fcgi"):
            return 200, "text/xml", self._esearch(fields).encode()
        if path.endswith("/efetch.fcgi"):
            return 200, "text/xml", self._efetch(fields).encode()
        if path.endswith("/studies"):
            return self._studies(fields)
        return 404, "text/plain", b"Not Found"

    def _esearch(self, fields: dict[str, str]) -> str:
        found = [article.number for article in self.articles if _matches(fields["term"], article)]
        start, count = int(fields["retstart"]), int(fields["retmax"])
        ids = "".join(f"<Id>{number}</Id>\n" for number in found[start : start + count])
        return DOCTYPE.format("eSearchResult") + (
            f"<eSearchResult><Count>{len(found)}</Count><RetMax>{count}</RetMax><RetStart>{start}</RetStart>"
            f"<IdList>\n{ids}</IdList><TranslationSet/><QueryTranslation>{escape(fields['term'])}</QueryTranslation>"
            "</eSearchResult>"
        )

    def _efetch(self, fields: dict[str, str]) -> str:
        numbers = fields["id"].split(",")
        if fields["db"] == "pmc":
            texts = [article.jats for article in self.articles if str(article.pmc) in numbers]
            return DOCTYPE.format("pmc-articleset") + f"<pmc-articleset>{''.join(texts)}</pmc-articleset>"
        records = [article.xml for article in self.articles if str(article.number) in numbers]
        return DOCTYPE.format("PubmedArticleSet") + f"<PubmedArticleSet>\n{''.join(records)}</PubmedArticleSet>"

    def _studies(self, fields: dict[str, str]) -> tuple[int, str, bytes]:
        dates = re.search(r"RANGE\[(.+),(.+)\]", fields.get("filter.advanced", ""))
        first, last = (dates[1].replace("MIN", "0"), dates[2].replace("MAX", "9")) if dates else ("0", "9")
        found = [
            study
            for study in self.studies
            if _any(fields["query.cond"], study.condition)
            and _any(fields["query.intr"], study.drug)
            and first <= study.updated <= last
        ]
        token, size = fields.get("pageToken", "page-0"), int(fields["pageSize"])
        if not re.fullmatch(r"page-\d+", token):
            return 400, "text/plain", b"Invalid page token"
        start = int(token.removeprefix("page-"))
        page: dict[str, Any] = {"studies": [study.json for study in found[start : start + size]]}
        page |= {"totalCount": len(found)} if start == 0 else {}
        page |= {"nextPageToken": f"page-{start + size}"} if start + size < len(found) else {}
        return 200, "application/json", json.dumps(page).encode()


def _any(names: str, text: str) -> bool:
    return any(name.lower() in text.lower() for name in re.findall(r'"([^"]*)"', names))


def _matches(term: str, article: Article) -> bool:
    """Evaluate a query as PubMed would, as far as ours go."""
    *groups, last = term.split(" AND ")
    dates = re.fullmatch(r'\("(.+)"\[dp\] : "(.+)"\[dp\]\)', last)
    groups += [] if dates else [last]
    if dates and not dates[1] <= article.date.replace("-", "/") <= dates[2]:
        return False
    assert all(re.fullmatch(r'\("[^"]*"\[tw\](?: OR "[^"]*"\[tw\])*\)', group) for group in groups), term
    return all(_any(group.replace('"[tw]', '"'), f"{article.title} {article.abstract}") for group in groups)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LiveServer

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._serve(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        self._serve(dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())))

    def _serve(self, fields: dict[str, str]) -> None:
        server = self.server
        server.requests.append((self.command, self.path, fields))
        server.times.append(server.clock())
        fault = next((fault for fault in server.faults if fault.path in f"{self.path} {fields}"), None)
        if fault is None:
            return self._send(*server.answer(urlsplit(self.path).path, fields), {})
        server.faults.remove(fault)
        if fault.stall:
            server.stop.wait(20)
            self.close_connection = True
            return None
        _, kind, body = server.answer(urlsplit(self.path).path, fields)
        body = body if fault.body is None else fault.body
        return self._send(fault.status, kind, body[: len(body) - (fault.cut or 0)], fault.headers)

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(articles: list[Article], studies: list[Study]) -> Iterator[LiveServer]:
    """Both services in a thread of their own."""
    import time

    server = LiveServer(("127.0.0.1", 0), _Handler)
    server.articles, server.studies, server.faults = articles, studies, []
    server.requests, server.times, server.clock, server.stop = [], [], time.monotonic, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop.set()
        server.shutdown()
        thread.join()
        server.server_close()
