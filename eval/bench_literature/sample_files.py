"""Real abstracts and trials put into the forms in which PubMed and ClinicalTrials.gov distribute them.

For the benchmark of reading: the texts are real, the markup around them is as published but holds less than a real
record does (no authors, affiliations, references, locations).
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from kedrec.records import Document

__all__ = ["write_pubmed_xml", "write_trials_json", "write_trials_xml"]

_PAGE = 1000


def write_pubmed_xml(documents: Iterable[Document], path: Path) -> None:
    """Write a gzipped file such as those of PubMed's baseline."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=6) as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>\n')
        file.writelines(map(_citation, documents))
        file.write("</PubmedArticleSet>\n")


def _citation(document: Document) -> str:
    number = escape(document.id.removeprefix("PMID:"))
    headings = "".join(
        f"<MeshHeading><DescriptorName>{escape(name)}</DescriptorName></MeshHeading>" for name in document.mesh
    )
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{number}</PMID>'
        '<DateRevised><Year>2020</Year><Month>01</Month><Day>02</Day></DateRevised><Article PubModel="Print"><Journal>'
        f"<JournalIssue><PubDate><Year>{document.year or 2000}</Year></PubDate></JournalIssue></Journal>"
        f"<ArticleTitle>{escape(document.title)}</ArticleTitle><Abstract><AbstractText>{escape(document.text)}"
        "</AbstractText></Abstract><PublicationTypeList><PublicationType>Journal Article</PublicationType>"
        f"</PublicationTypeList></Article><MeshHeadingList>{headings}</MeshHeadingList></MedlineCitation>"
        f'<PubmedData><ArticleIdList><ArticleId IdType="pubmed">{number}</ArticleId></ArticleIdList></PubmedData>'
        "</PubmedArticle>\n"
    )


def write_trials_json(documents: Sequence[Document], path: Path) -> None:
    """Write a zip of pages such as those of the API, version 2."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for start in range(0, len(documents), _PAGE):
            page = {"studies": [_study(document) for document in documents[start : start + _PAGE]]}
            archive.writestr(f"page{start // _PAGE}.json", json.dumps(page))


def _study(document: Document) -> dict[str, object]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": document.id, "briefTitle": document.title or document.id},
            "statusModule": {"overallStatus": "COMPLETED", "lastUpdatePostDateStruct": {"date": "2020-01-02"}},
            "descriptionModule": {"briefSummary": document.text},
            "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE2"]},
        },
        "hasResults": False,
    }


def write_trials_xml(documents: Iterable[Document], path: Path) -> None:
    """Write a zip of the older XML, one study a member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for document in documents:
            archive.writestr(f"{document.id}.xml", _study_xml(document))


def _study_xml(document: Document) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<clinical_study><id_info><nct_id>{document.id}</nct_id></id_info>'
        f"<brief_title>{escape(document.title or document.id)}</brief_title><brief_summary><textblock>"
        f"{escape(document.text)}</textblock></brief_summary><overall_status>Completed</overall_status>"
        "<phase>Phase 2</phase><study_type>Interventional</study_type>"
        "<last_update_posted>January 2, 2020</last_update_posted></clinical_study>"
    )
