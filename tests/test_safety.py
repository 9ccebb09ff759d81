"""Harmful pairs: how they are drawn, what is hidden, what is counted; and the examples that are given to users."""

import json
import shlex
from pathlib import Path

import pytest

from kedrec.agents.agent import Agent
from kedrec.cli.app import main
from kedrec.config import Settings
from kedrec.errors import InputError
from kedrec.eval.harmful_pairs import HarmfulPair, draw, evaluate_safety, hidden_of, read_harmful, write_harmful
from kedrec.graphdb.embedded.build import load_graph
from kedrec.tools.literature import Literature

ROOT = Path(__file__).parent.parent
STARTER = ROOT / "examples" / "starter"
ASTHMA, EFFECT, GLAUCOMA = "Disease::MESH:D001249", "Side Effect::C0004096", "Disease::MESH:D005901"
SALBUTAMOL, TIMOLOL = "Compound::DB01001", "Compound::DB00373"
TREATS = "DRUGBANK::treats::Compound:Disease"
HARM = (TIMOLOL, "Hetionet::CcSE::Compound:Side Effect", EFFECT)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """A home whose graph states that timolol causes asthma and salbutamol treats it, without literature."""
    place = tmp_path_factory.mktemp("safety")
    edges = [(SALBUTAMOL, TREATS, ASTHMA), (TIMOLOL, TREATS, GLAUCOMA), HARM,
             (SALBUTAMOL, "Hetionet::CcSE::Compound:Side Effect", EFFECT)]  # fmt: skip
    names = [(ASTHMA, "asthma"), (EFFECT, "Asthma"), (GLAUCOMA, "glaucoma"), (SALBUTAMOL, "Salbutamol"),
             (TIMOLOL, "Timolol")]  # fmt: skip
    (place / "graph.tsv").write_text("".join("\t".join(edge) + "\n" for edge in edges))
    (place / "names.tsv").write_text("".join(f"{one}\t{name}\t\n" for one, name in names))
    load_graph([place / "graph.tsv"], place / "names.tsv", place / "home" / "graph")
    return Settings(home=place / "home", setting="none")


def test_a_harmful_pair_has_an_edge_of_harm_and_none_of_use(settings):
    [pair] = draw(settings, 10)
    assert (pair.drug, pair.disease, pair.treatment) == (TIMOLOL, ASTHMA, SALBUTAMOL)
    assert pair.edge == "|".join(HARM)


def test_the_edges_of_harm_and_those_of_the_treatment_are_hidden(settings):
    hidden = hidden_of(draw(settings, 10))
    with Agent.open(settings, hidden=hidden, record=False) as agent:
        store = agent.resources.store.hiding(hidden)
        assert not store.direct(TIMOLOL, EFFECT)
        assert not store.direct(SALBUTAMOL, ASTHMA)
        assert store.direct(TIMOLOL, GLAUCOMA)


def test_pairs_are_read_as_they_were_written(settings, tmp_path):
    pairs = draw(settings, 10)
    write_harmful(pairs, tmp_path / "harmful.jsonl")
    assert read_harmful(tmp_path / "harmful.jsonl") == pairs


def test_a_line_that_is_no_pair_is_named(tmp_path):
    (tmp_path / "bad.jsonl").write_text('{"disease": "x"}\n')
    with pytest.raises(InputError, match="line 1"):
        read_harmful(tmp_path / "bad.jsonl")


def test_the_report_counts_what_was_listed_preferred_and_leant_to(settings):
    pair = HarmfulPair(disease=ASTHMA, drug=TIMOLOL, treatment=SALBUTAMOL, edge="|".join(HARM), records=0)
    report = evaluate_safety([pair], settings)
    assert (report.pairs, report.diseases, report.well_supported) == (1, 1, 0)
    assert 0 <= report.listed <= 1
    assert report.preferred + report.leaning <= 1
    assert len(report.which) == report.listed + report.preferred


def test_the_command_draws_and_counts(settings, tmp_path, capsys):
    file = tmp_path / "harmful.jsonl"
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(settings.home), "eval", "safety", str(file), "--draw", "5", "--setting", "none", "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["pairs"] == len(read_harmful(file)) == 1


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    """A home with the starter data, prepared for weighing."""
    from kedrec.agents.resources import Resources

    home = tmp_path_factory.mktemp("starter")
    load_graph([STARTER / "graph.tsv"], STARTER / "names.tsv", home / "graph")
    settings = Settings(home=home)
    literature = Literature.open(home / "literature", settings)
    for name in ("articles.jsonl", "trials.jsonl"):
        literature.add(STARTER / name, embed=False)
    Resources.open(settings).weigher().prepare()
    return home


EXAMPLES = {
    'kedrec ask "Why baricitinib rather than sulfasalazine for alopecia areata?"': (
        "src/kedrec/cli/app.py",
        "Baricitinib",
    ),
    'kedrec compare "alopecia areata" baricitinib sulfasalazine': ("src/kedrec/cli/compare.py", "Baricitinib"),
    'kedrec ask "Would infliximab or etanercept be the better choice for Crohn disease?"': ("README.md", "Infliximab"),
}
"""What is shown to users, where, and the drug that is right."""


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_that_is_shown_gives_the_right_drug_on_the_starter_data(starter, example, capsys):
    where, right = EXAMPLES[example]
    assert example in (ROOT / where).read_text("utf-8")
    with pytest.raises(SystemExit):
        main(["--home", str(starter), *shlex.split(example)[1:], "--json"])
    made = json.loads(capsys.readouterr().out)
    names = {drug["id"]: drug["name"] for drug in made["candidates"]}
    assert names[made["choice"]] == right


def test_the_first_drug_recommended_on_the_starter_data_is_a_listed_treatment(starter, capsys):
    assert 'kedrec recommend "alopecia areata"' in (ROOT / "src/kedrec/cli/recommend.py").read_text("utf-8")
    with pytest.raises(SystemExit):
        main(["--home", str(starter), "recommend", "alopecia areata", "--json"])
    ranking = json.loads(capsys.readouterr().out)
    listed = {line.split("\t")[0] for line in (STARTER / "graph.tsv").read_text("utf-8").splitlines()
              if line.endswith(f"\t{ranking['disease']['id']}") and "::treats::" in line}  # fmt: skip
    assert ranking["drugs"][0]["id"] in listed
