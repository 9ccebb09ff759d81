"""Small files in the formats of PubMed, PubMed Central and ClinicalTrials.gov."""

import io
import tarfile

CITATION = """<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">11748933</PMID>
<DateCompleted><Year>2002</Year><Month>03</Month><Day>04</Day></DateCompleted>
<DateRevised><Year>2006</Year><Month>11</Month><Day>15</Day></DateRevised>
<Article PubModel="Print"><Journal><JournalIssue CitedMedium="Print"><Volume>42</Volume>
<PubDate><Year>2001</Year><Month>Jun</Month></PubDate></JournalIssue><Title>Cryobiology</Title></Journal>
<ArticleTitle>Timolol in CO<sub>2</sub> &amp; asthma:  a <i>β-blocker</i></ArticleTitle>
<Abstract><AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Timolol was given.</AbstractText>
<AbstractText Label="RESULTS">It helped &lt; 5 %.</AbstractText><AbstractText/><CopyrightInformation>(c) X
</CopyrightInformation></Abstract><PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType>
<PublicationType UI="D016449">Randomized Controlled Trial</PublicationType></PublicationTypeList>
<ArticleDate DateType="Electronic"><Year>2001</Year><Month>05</Month><Day>17</Day></ArticleDate></Article>
<MeshHeadingList><MeshHeading><DescriptorName UI="D013999" MajorTopicYN="Y">Timolol</DescriptorName>
<QualifierName UI="Q000627">therapeutic use</QualifierName></MeshHeading><MeshHeading>
<DescriptorName UI="D001249">Asthma</DescriptorName></MeshHeading></MeshHeadingList></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="pubmed">11748933</ArticleId></ArticleIdList><ReferenceList><Reference>
<Citation>Other</Citation><ArticleIdList><ArticleId IdType="pubmed">99</ArticleId></ArticleIdList></Reference>
</ReferenceList></PubmedData></PubmedArticle>"""


def citation_xml(
    number, title=None, abstract="Helped.", published="<Year>2001</Year>", types=("Journal Article",), more="",
    version=1, revised="",
):  # fmt: skip
    """A citation as PubMed has it."""
    listed = "".join(f"<PublicationType>{name}</PublicationType>" for name in types)
    day = "".join(
        f"<{part}>{value}</{part}>" for part, value in zip(("Year", "Month", "Day"), revised.split("-"), strict=False)
    )
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="{version}">{number}</PMID>'
        f"{f'<DateRevised>{day}</DateRevised>' if revised else ''}<Article><Journal><JournalIssue><PubDate>{published}"
        f"</PubDate></JournalIssue></Journal><ArticleTitle>{f'Title {number}' if title is None else title}"
        f"</ArticleTitle><Abstract><AbstractText>{abstract}</AbstractText></Abstract><PublicationTypeList>{listed}"
        f"</PublicationTypeList></Article>{more}</MedlineCitation></PubmedArticle>\n"
    )


def pubmed_xml(*records):
    """A file of the baseline."""
    doctype = "" if not records else '<?xml version="1.0" encoding="utf-8"?>\n'
    return f"{doctype}<PubmedArticleSet>\n{''.join(records)}</PubmedArticleSet>\n"


def article_xml(number="123", pmid="11"):
    """A full text as PubMed Central has it."""
    return f"""<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) v1.2//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML"
 article-type="research-article"><front><journal-meta><journal-id>X</journal-id></journal-meta><article-meta>
<article-id pub-id-type="pmc">PMC{number}</article-id><article-id pub-id-type="pmid">{pmid}</article-id>
<title-group><article-title>Warfarin <italic>in
vivo</italic><xref ref-type="fn" rid="f">*</xref></article-title></title-group>
<pub-date pub-type="ppub"><month>5</month><year>2014</year></pub-date>
<pub-date pub-type="epub"><day>2</day><month>3</month><year>2014</year></pub-date>
<pub-date pub-type="pmc-release"><day>1</day><month>1</month><year>2013</year></pub-date>
<abstract><sec><title>Objective</title><p>To
see.</p></sec></abstract><abstract abstract-type="graphical"><p>A picture.</p></abstract></article-meta></front>
<body><p>Warfarin works<xref ref-type="bibr" rid="b1">1</xref>.</p>
<sec sec-type="methods"><title/><p>Methods were used [<xref ref-type="bibr" rid="b1">1</xref>,
<xref ref-type="bibr" rid="b2">2</xref>]. Items:<list><list-item><p>one</p></list-item><list-item><p>two</p></list-item>
</list></p><table-wrap><label>Table 1</label><caption><p>A caption.</p></caption><table><tr><td>cell</td></tr></table>
</table-wrap><sec><title>Patients</title><p>Ten were asked.</p></sec></sec>
<sec><title>3. Results</title><fig><caption><p>A legend.</p></caption></fig></sec>
<sec sec-type="results"><p>Done, as others did<sup><xref ref-type="bibr" rid="b1">3</xref></sup>.</p></sec>
<sec sec-type="results"><p>That is all.</p></sec>
<sec><title>Competing interests</title><p>None.</p></sec></body>
<back><ack><p>Thanks.</p></ack>
<ref-list><ref id="b1"><mixed-citation>Somebody 1999</mixed-citation></ref></ref-list></back>
<sub-article><front-stub/><body><p>A review of it.</p></body></sub-article></article>"""


STUDY = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT00000042", "briefTitle": "Timolol in asthma", "officialTitle": "A trial of timolol in asthma",
        },
        "statusModule": {
            "overallStatus": "TERMINATED", "whyStopped": "slow accrual.", "startDateStruct": {"date": "2014-03"},
            "completionDateStruct": {"date": "2016-01-02"}, "lastUpdatePostDateStruct": {"date": "2018-05-04"},
        },
        "descriptionModule": {"briefSummary": "Does timolol\nhelp?"},
        "conditionsModule": {"conditions": ["Asthma", "Cough"]},
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE2", "PHASE3"]},
        "armsInterventionsModule": {
            "armGroups": [
                {"label": "A", "type": "EXPERIMENTAL", "description": "Twice daily"},
                {"label": "B", "type": "PLACEBO_COMPARATOR"},
            ],
            "interventions": [{"type": "DRUG", "name": "Timolol", "otherNames": ["Blocadren"]}],
        },
        "outcomesModule": {"primaryOutcomes": [{"measure": "FEV1", "timeFrame": "week 12"}]},
    },
    "resultsSection": {
        "outcomeMeasuresModule": {
            "outcomeMeasures": [
                {
                    "type": "PRIMARY", "title": "FEV1", "timeFrame": "week 12", "paramType": "MEAN",
                    "unitOfMeasure": "litres",
                    "groups": [{"id": "OG000", "title": "A"}, {"id": "OG001", "title": "B"}],
                    "classes": [
                        {"categories": [{"measurements": [
                            {"groupId": "OG000", "value": "2.5", "spread": "0.4"},
                            {"groupId": "OG001", "value": "2.1", "spread": "0.5"},
                        ]}]}
                    ],
                    "analyses": [{
                        "pValue": "0.02", "statisticalMethod": "ANCOVA", "paramType": "Mean difference",
                        "paramValue": "0.4", "ciPctValue": "95", "ciLowerLimit": "0.1", "ciUpperLimit": "0.7",
                    }],
                }
            ]
        },
        "adverseEventsModule": {
            "eventGroups": [
                {"title": "A", "seriousNumAffected": 3, "seriousNumAtRisk": 50},
                {"title": "B", "seriousNumAffected": 1, "seriousNumAtRisk": 49},
            ]
        },
    },
    "derivedSection": {
        "conditionBrowseModule": {"meshes": [{"id": "D001249", "term": "Asthma"}]},
        "interventionBrowseModule": {"meshes": [{"id": "D013999", "term": "Timolol"}]},
    },
    "hasResults": True,
}  # fmt: skip
"""A study of the API, version 2."""

STUDY_XML = """<?xml version="1.0" encoding="UTF-8"?>
<clinical_study><required_header><url>https://clinicaltrials.gov/show/NCT00000042</url></required_header>
<id_info><org_study_id>X</org_study_id><nct_id>NCT00000042</nct_id></id_info>
<brief_title>Timolol in asthma</brief_title>
<official_title>A trial of timolol in asthma</official_title><brief_summary><textblock>
      Does timolol
      help?
    </textblock></brief_summary><overall_status>Terminated</overall_status><why_stopped>slow accrual.</why_stopped>
<start_date>March 2014</start_date><completion_date type="Actual">January 2, 2016</completion_date>
<phase>Phase 2/Phase 3</phase><study_type>Interventional</study_type>
<primary_outcome><measure>FEV1</measure><time_frame>week 12</time_frame></primary_outcome>
<condition>Asthma</condition><condition>Cough</condition>
<arm_group><arm_group_label>A</arm_group_label><arm_group_type>Experimental</arm_group_type>
<description>Twice daily</description></arm_group>
<arm_group><arm_group_label>B</arm_group_label><arm_group_type>Placebo Comparator</arm_group_type></arm_group>
<intervention><intervention_type>Drug</intervention_type><intervention_name>Timolol</intervention_name>
<other_name>Blocadren</other_name></intervention>
<last_update_submitted>May 3, 2018</last_update_submitted>
<last_update_posted type="Actual">May 4, 2018</last_update_posted>
<condition_browse><mesh_term>Asthma</mesh_term></condition_browse>
<intervention_browse><mesh_term>Timolol</mesh_term></intervention_browse>
<clinical_results><outcome_list><outcome><type>Primary</type><title>FEV1</title><time_frame>week 12</time_frame>
<group_list><group group_id="O1"><title>A</title></group><group group_id="O2"><title>B</title></group></group_list>
<measure><title>FEV1</title><units>litres</units><param>Mean</param><class_list><class><category_list><category>
<measurement_list><measurement group_id="O1" value="2.5" spread="0.4"/><measurement group_id="O2" value="2.1"
 spread="0.5"/></measurement_list></category></category_list></class></class_list></measure><analysis_list><analysis>
<p_value>0.02</p_value><method>ANCOVA</method><param_type>Mean difference</param_type><param_value>0.4</param_value>
<ci_percent>95</ci_percent><ci_lower_limit>0.1</ci_lower_limit><ci_upper_limit>0.7</ci_upper_limit></analysis>
</analysis_list></outcome></outcome_list><reported_events><group_list><group group_id="E1"><title>A</title></group>
<group group_id="E2"><title>B</title></group></group_list><serious_events><category_list><category><title>Total</title>
<event_list><event><sub_title>Total, serious adverse events</sub_title><counts group_id="E1" subjects_affected="3"
 subjects_at_risk="50"/><counts group_id="E2" subjects_affected="1" subjects_at_risk="49"/></event></event_list>
</category></category_list></serious_events></reported_events></clinical_results></clinical_study>"""
"""The same study in the older XML."""


def write_tar(target, files):
    """Write an uncompressed tar."""
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
