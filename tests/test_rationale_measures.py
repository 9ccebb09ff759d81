"""What is measured of a run's rationales, and the command that prints it."""

import json

import pytest
from chat_server import failure, judging
from world import BARI, DISEASE, METHO, OTHER_DISEASE, SULFA, build

from kedrec.agents.traces.store import TraceStore
from kedrec.cli import main
from kedrec.distill.pairs.pairs_file import read_pairs
from kedrec.distill.runs.folder import RunFolder
from kedrec.distill.runs.run import start_run
from kedrec.errors import NotReady
from kedrec.eval.rationale_measures import Measures, evaluate_rationales
from kedrec.eval.rationale_measures.curated_mechanisms import read_mechanisms
from kedrec.eval.rationale_measures.figures import Count, QuantileItem, quantile, ratio
from kedrec.eval.rationale_measures.judge import Judge
from kedrec.eval.rationale_measures.rationale_counts import NO_KIND, counts_of
from kedrec.eval.rationale_measures.token_counts import quarter_of_characters
from kedrec.records import CandidateScore, Entity, Evidence, Factor, ModelCall, Recommendation, Sentence, Trace

# ragas 0.4.3 imports deprecated parts of its dependencies and leaves its file of a user id open (ragas/_analytics.py)
ragas_warns = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
pytestmark = ragas_warns


def test_a_ratio_is_over_the_sums_and_its_interval_over_diseases():
    together = ratio([Count(f"d{n // 10}", (n // 10) % 2, 1) for n in range(200)])
    apart = ratio([Count(f"d{n}", n % 2, 1) for n in range(200)])
    assert together.value == apart.value == 0.5
    assert together.n == apart.n == 200
    width = [high - low for low, high in (together.ci95_by_disease, apart.ci95_by_disease)]
    assert width[0] > 2 * width[1]
    assert ratio([Count("a", 3, 4), Count("b", 0, 1), Count("c", 0, 0)]).value == 0.6


def test_a_quantile_lies_in_its_interval_and_is_the_same_each_time():
    values = [QuantileItem(f"d{n % 20}", n) for n in range(101)]
    median = quantile(values, 0.5)
    assert median.ci95_by_disease[0] <= median.value == 50 <= median.ci95_by_disease[1]
    assert quantile(values, 0.5) == median
    assert quantile(values, 0.95).value == 95


def test_nothing_to_count_over_is_no_figure_and_no_error():
    assert ratio([Count("a", 0, 0)]).value is ratio([]).value is quantile([], 0.5).value is None


DRUGS = tuple(Entity(id=f"Compound::{name}", kind="Compound", name=name) for name in ("Alphacin", "Betamol"))
GOUT = Entity(id="Disease::D", kind="Disease", name="Dropsy")


def counted(*sentences, evidence, **more):
    made = Recommendation(
        disease=GOUT, candidates=DRUGS, setting="both", model="m", choice=DRUGS[0].id, abstained=None, confidence=0.9,
        sentences=sentences, **more,
        evidence={key: Evidence(key=key, source_id=f"PMID:{key}", text=text) for key, text in evidence.items()},
    )  # fmt: skip
    answer = {"role": "assistant", "content": "CHOICE: A"}
    asked = ({"role": "user", "content": "x" * 400},)
    calls = [ModelCall(step=step, request_sha256="", messages=asked, response=answer) for step in ("answer", "decide")]
    trace = Trace(
        id="t", created="", question={}, config={}, prompts={}, versions={}, data={}, calls=tuple(calls),
        recommendation=made,
    )  # fmt: skip
    return counts_of(trace, made, quarter_of_characters)


def said(text, key="P1", kind=None):
    return Sentence(text=text, citations=(key,), kind=kind)


def test_a_sentence_is_grounded_by_what_it_cites_and_not_by_what_the_weigher_counted():
    factor = Factor(group="articles", share=0.42, text="43 articles name Alphacin", sources=("PMID:P1",))
    scores = (CandidateScore(id=DRUGS[0].id, score=1, probability=0.9, factors=(factor,)),)
    evidence = {"P1": "Alphacin healed 12 patients.", "P2": "Rest healed 12 patients."}
    counts = counted(
        said("Alphacin healed 12."), said("43 articles name Alphacin (+0.42)."), said("12 healed.", "P2"),
        said("Betamol healed 12."), evidence=evidence, scores=scores,
    )  # fmt: skip
    assert (counts.sentences, counts.grounded) == (4, 1)


def test_kinds_contrasts_words_and_tokens_are_counted():
    counts = counted(
        said("Alphacin beats Betamol.", kind="choice"), said("It helps."), evidence={"P1": "y" * 40, "P2": "z" * 40}
    )
    assert counts.kinds == {"choice": 1, NO_KIND: 1}
    assert (counts.contrasting, counts.words) == (1, 5)
    assert (counts.evidence_tokens, counts.decide_tokens) == (20, 102)


@pytest.mark.parametrize("text", ["shares: +0.42", "a share of −0.42", "by log-odds", "How far what articles say"])
def test_arithmetic_of_the_weigher_is_told_from_numbers_that_are_quoted(text):
    own = counted(said(text), evidence={"P1": "Alphacin."})
    quoted = counted(said(text), evidence={"P1": f"Alphacin, {text}."})
    assert (own.arithmetic, own.own_arithmetic) == (1, 1)
    assert (quoted.arithmetic, quoted.own_arithmetic) == (1, 0)


def test_a_quote_is_verbatim_but_for_spaces_brackets_and_what_is_marked_as_left_out():
    evidence = {"P1": "Alphacin , at [10 mg] daily , healed most . Others did not ."}
    good = counted(
        said("“Alphacin, at (10 mg) daily, healed most.”"), said("“Alphacin, at … did not.”"), evidence=evidence
    )
    bad = counted(said("“Alphacin healed all.”"), said('"Alphacin" heals “most” … “none”'), evidence=evidence)
    assert (good.quotes, good.verbatim) == (2, 2)
    assert (bad.quotes, bad.verbatim) == (4, 2)


CURATED = [
    (BARI, DISEASE, [("UniProt:P23458", "Protein", "Protein kinase JAK1"), ("X:1", "PhenotypicFeature", "Itch")]),
    (METHO, OTHER_DISEASE, [("UniProt:P00374", "Protein", "Dihydrofolate reductase")]),
    (SULFA, OTHER_DISEASE, [("GO:1", "BiologicalProcess", "inflammatory response")]),
]  # fmt: skip
FIELDS = ("id", "label", "name")
PROTEINS = "uniprot\tentrez\tsymbol\tname\nP23458\t3716\tJAK1\tJanus kinase 1\nP00374\t1719\tDHFR\t\n"


@pytest.fixture
def files(tmp_path):
    """A run over three questions, one of them about a drug that does not exist, and curated mechanisms."""
    settings = build(tmp_path / "home").model_copy(update={"setting": "both"})
    asked = [(DISEASE, BARI, SULFA), (OTHER_DISEASE, METHO, SULFA), (DISEASE, BARI, "Compound::none")]
    pairs = [
        {"id": str(n), "disease": {"id": ill}, "candidates": [{"id": one}, {"id": two}], "answer": one}
        for n, (ill, one, two) in enumerate(asked)
    ]
    paths = [
        {
            "drug": {"id": drug},
            "disease": {"id": ill},
            "nodes": [dict(zip(FIELDS, node, strict=True)) for node in nodes],
        }
        for drug, ill, nodes in CURATED
    ]
    for name, rows in (("pairs.jsonl", pairs), ("paths.jsonl", paths)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "proteins.tsv").write_text(PROTEINS)
    start_run(read_pairs(tmp_path / "pairs.jsonl"), tmp_path / "run", settings)
    return tmp_path


def command(capsys, *arguments, code=0):
    with pytest.raises(SystemExit) as ended:
        main(["eval", "rationales", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert ended.value.code == code, err
    assert "Traceback" not in err
    return out if code in (0, 1) else err


def test_what_a_run_names_of_curated_mechanisms_is_measured(files):
    mechanisms = read_mechanisms(files / "paths.jsonl", files / "proteins.tsv")
    report = evaluate_rationales(files / "run", Measures(mechanisms=mechanisms))
    assert (report.questions, report.rationales, report.without) == (3, 2, {"UnknownEntity": 1})
    found = report.mechanisms
    assert (found.drugs, found.protein.rationale.n, found.process.rationale.n) == (3, 2, 1)
    assert found.protein.evidence.value == found.protein.rationale.value == 1
    assert found.phenotype.rationale.value == 0
    assert 0 < found.precision.value <= 1
    assert report.text.by_kind["choice"].value == 1
    assert sum(figure.value for figure in report.text.by_kind.values()) == pytest.approx(report.text.sentences.value)


def test_with_the_answers_only_the_right_drug_s_mechanism_counts(files):
    mechanisms = read_mechanisms(files / "paths.jsonl", files / "proteins.tsv")
    measures = Measures(mechanisms=mechanisms, answers=read_pairs(files / "pairs.jsonl"))
    assert evaluate_rationales(files / "run", measures).mechanisms.drugs == 2


def test_the_figures_agree_with_a_look_at_the_exported_rationales(files, capsys):
    with pytest.raises(SystemExit):
        main(["runs", "export", str(files / "run"), "--out", str(files / "rows.jsonl")])
    rows = [json.loads(line) for line in (files / "rows.jsonl").read_text().splitlines()]
    named = [any(name in row["rationale"] for name in ("JAK1", "DHFR")) for row in rows if row["rationale"]]
    capsys.readouterr()
    arguments = ("--mechanisms", files / "paths.jsonl", "--proteins", files / "proteins.tsv", "--json")
    report = json.loads(command(capsys, files / "run", *arguments))
    assert report["mechanisms"]["protein"]["rationale"]["value"] == sum(named) / len(named)


def test_the_table_has_every_figure_with_its_interval(files, capsys):
    printed = command(
        capsys, files / "run", "--mechanisms", files / "paths.jsonl", "--proteins", files / "proteins.tsv",
        "--reference", files / "run",
    )  # fmt: skip
    assert "2 rationales of 3 questions (without: 1 UnknownEntity)" in printed
    rows = [line for line in printed.splitlines()[2:] if line.startswith("  ")]
    assert all("[" in row or "–" in row for row in rows)
    for words in ("a protein, in the rationale", "mechanism", "Tokens (characters / 4)", "ROUGE-L"):
        assert words in printed


def test_without_mechanisms_all_else_is_measured(files, capsys):
    assert "protein" not in command(capsys, files / "run")


def test_a_run_against_itself_agrees_wholly(files):
    pytest.importorskip("ragas")
    found = evaluate_rationales(files / "run", Measures(reference=files / "run")).agreement
    figures = (found.rouge1, found.rouge2, found.rougeL, found.cited_precision, found.cited_recall)
    assert [(figure.value, figure.n) for figure in figures] == [(1, 2)] * 5


def test_the_share_of_gathered_sources_that_is_cited_is_the_mean_over_rationales(files):
    pytest.importorskip("ragas")
    report = evaluate_rationales(files / "run")
    traces = [
        TraceStore(RunFolder(files / "run").traces).get(row.trace_id)
        for row in RunFolder(files / "run").rows().values()
    ]
    shares = [
        len({one.evidence[key].source_id for line in one.sentences for key in line.citations})
        / len({item.source_id for item in one.evidence.values()})
        for one in (trace.recommendation for trace in traces)
        if one
    ]
    assert report.ragas.evidence_used.value == pytest.approx(sum(shares) / len(shares), abs=1e-3)
    assert report.ragas.judge is report.ragas.faithfulness is None


def test_a_judge_is_asked_only_where_one_is_named(files, capsys, judge):
    judging(judge)
    assert json.loads(command(capsys, files / "run", "--json"))["ragas"]["faithfulness"] is None
    assert not judge.requests
    report = json.loads(command(capsys, files / "run", "--judge", "openai:tiny", "--judged", "1", "--json"))
    assert report["ragas"]["judge"] == "openai:tiny"
    assert (report["ragas"]["faithfulness"]["value"], report["ragas"]["faithfulness"]["n"]) == (0.5, 1)
    assert "faithfulness" in command(capsys, files / "run", "--judge", "openai:tiny")


def test_what_a_judge_says_unreadably_is_counted_and_not_scored(files, capsys, judge):
    judging(judge, claims="no idea")
    report = json.loads(command(capsys, files / "run", "--judge", "openai:tiny", "--json"))
    assert (report["ragas"]["unreadable"], report["ragas"]["faithfulness"]["value"]) == (2, None)


def test_a_judge_that_does_not_answer_ends_the_command_with_its_reason(files, capsys, judge):
    judge.queue = [failure(401, "bad key")]
    with pytest.raises(SystemExit) as ended:
        main(["eval", "rationales", str(files / "run"), "--judge", "openai:tiny"])
    err = capsys.readouterr().err
    assert ended.value.code == 1
    assert "bad key" in err and "Traceback" not in err


@pytest.mark.parametrize(("questions", "most", "judged"), [(3, 5, 3), (10, 5, 5), (7, 3, 3)])
def test_the_judged_are_drawn_evenly_from_the_run(questions, most, judged):
    pytest.importorskip("ragas")
    places = sorted(Judge("m", None, most).places(questions))
    assert len(places) == judged
    assert places[0] == 0 and places[-1] < questions


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "No run in nowhere"),
        (["{run}", "--proteins", "{files}/proteins.tsv"], "give both"),
        (["{run}", "--mechanisms", "{files}/none.jsonl"], "there is no such file"),
        (["{run}", "--mechanisms", "{files}/proteins.tsv"], "line 1: not JSON"),
        (["{run}", "--reference", "{files}"], "No run in"),
        (["{run}", "--judge", "potato"], "Unknown model"),
        (["{run}", "--answers", "{files}/other.jsonl"], "no item 0, which the run asks"),
        (["{run}", "--tokenizer", "{files}"], "No tokenizer in"),
    ],
)
def test_a_mistake_is_said_in_a_line(files, capsys, arguments, reason):
    other = {"id": "z", "disease": {"id": "Disease::d"}, "candidates": [{"id": "Compound::a"}], "answer": "Compound::a"}
    (files / "other.jsonl").write_text(json.dumps(other) + "\n")
    given = [one.format(run=files / "run", files=files) for one in arguments]
    assert reason in command(capsys, *given, code=2)


def test_tokens_are_counted_by_the_tokenizer_that_is_named(files, capsys):
    from kedrec.distill.student.tiny_model import make_tiny_base

    base = make_tiny_base(files / "base", ["Baricitinib regrew hair in alopecia areata."] * 20)
    text = json.loads(command(capsys, files / "run", "--tokenizer", base, "--json"))["text"]
    plain = json.loads(command(capsys, files / "run", "--json"))["text"]
    assert (text["tokens_by"], plain["tokens_by"]) == (str(base), "characters / 4")
    assert text["evidence_tokens"]["value"] != plain["evidence_tokens"]["value"] > 0


def test_a_run_without_a_rationale_is_told_by_the_exit_code(files, capsys):
    pair = (files / "pairs.jsonl").read_text().splitlines()[2]
    (files / "one.jsonl").write_text(pair + "\n")
    settings = build(files / "home").model_copy(update={"setting": "both"})
    start_run(read_pairs(files / "one.jsonl"), files / "empty", settings)
    assert "0 rationales of 1 questions" in command(
        capsys, files / "empty", "--mechanisms", files / "paths.jsonl", code=1
    )


def test_questions_that_are_not_done_and_traces_that_were_lost_are_counted(files):
    for path in (files / "run" / "traces").iterdir():
        path.unlink()
    assert evaluate_rationales(files / "run").without == {"trace lost": 2, "UnknownEntity": 1}
    (files / "run" / "journal.jsonl").unlink()
    assert evaluate_rationales(files / "run").without == {"not done": 3}
    with pytest.raises(NotReady):
        evaluate_rationales(files)
