"""What a notebook shows: records read well and are escaped, and the notebook of the examples runs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from recorded_runs import record

from kedrec import Entity, Evidence

EXAMPLES = Path(__file__).parent.parent / "examples"
EVIL = "<script>alert(1)</script> & <img src=x>"


def test_an_answer_reads_in_a_terminal_and_in_a_notebook(settings):
    trace = record(settings)
    made = trace.recommendation
    for shown in (str(made), made._repr_html_(), str(trace), trace._repr_html_()):
        assert "Baricitinib for alopecia areata" in shown
        assert all(sentence.text in shown for sentence in made.sentences)
    assert made.evidence[made.sentences[0].citations[0]].text[:40] in str(made)
    assert trace.id in str(trace) and "cited of" in trace._repr_html_()


@pytest.mark.parametrize(
    "name, words", [("abstained", "No choice"), ("model failed", "ModelUnavailable"), ("struck out", "struck out")]
)
def test_what_went_wrong_is_shown_too(settings, name, words):
    trace = record(settings, name)
    assert words in str(trace) and words in trace._repr_html_()


def test_every_text_of_a_record_is_escaped(settings):
    trace = record(settings)
    made = trace.recommendation
    drug = made.candidates[0].model_copy(update={"name": EVIL})
    key = made.sentences[0].citations[0]
    evil = made.model_copy(
        update={
            "candidates": (drug, *made.candidates[1:]), "choice": drug.id, "failed": (EVIL,), "struck_out": (EVIL,),
            "sentences": (made.sentences[0].model_copy(update={"text": EVIL}),), "not_found": (EVIL,),
            "evidence": {key: made.evidence[key].model_copy(update={"text": EVIL, "source_id": EVIL})},
        }
    )  # fmt: skip
    others = (Entity(id=EVIL, kind=EVIL, name=EVIL), Evidence(key="K1", source_id=EVIL, text=EVIL))
    failed = trace.model_copy(update={"recommendation": None, "error": {"type": EVIL, "message": EVIL}})
    for shown in (evil, trace.model_copy(update={"recommendation": evil}), failed, *others):
        assert "<script>" not in shown._repr_html_() and "<img" not in shown._repr_html_()
        assert "&lt;script&gt;" in shown._repr_html_()


def test_the_notebook_of_the_examples_runs(tmp_path, monkeypatch):
    notebook = nbformat.read(EXAMPLES / "first_steps.ipynb", as_version=4)
    monkeypatch.setenv("KEDREC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(EXAMPLES.parent / "src"), os.environ.get("PYTHONPATH", "")]))
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(EXAMPLES)}}
    )
    client.execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    html = " ".join(one["data"].get("text/html", "") for one in shown if "data" in one)
    assert "Infliximab for Crohn disease" in html and "Compound::DB00065" in html and "dataframe" in html
    assert [one["data"]["text/plain"] for one in shown if "data" in one][-1] == "True"


def test_the_notebook_is_committed_without_outputs():
    cells = nbformat.read(EXAMPLES / "first_steps.ipynb", as_version=4).cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells if cell.cell_type == "code")
