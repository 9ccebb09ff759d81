"""The imports point one way, and the command line stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from world import build

ROOT = Path(__file__).parent.parent
BASE = {"kedrec", "records", "config", "errors", "causes", "locks", "processors"}
MAY_IMPORT = {
    "graphdb": {"graphdb"},
    "tools": {"graphdb", "tools"},
    "agents": {"graphdb", "tools", "agents"},
    "distill": {"graphdb", "tools", "agents", "distill"},
    "eval": {"graphdb", "tools", "agents", "distill", "eval"},
}


def imported(path: Path) -> set[str]:
    """Second part of every `kedrec.…` name that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "kedrec" else [node.module]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("kedrec.")}
    return found


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_stands_before_it(folder):
    strangers = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in imported(path) - MAY_IMPORT[folder] - BASE - {"__version__"}
    }
    assert not strangers


def test_what_all_folders_share_imports_nothing_above_it():
    shared = ROOT / "src/kedrec"
    for path in (*shared.glob("*.py"), *shared.glob("records/*.py")):
        assert imported(path) <= BASE


def test_help_imports_nothing_heavy():
    code = "import sys, kedrec.cli; print([m for m in sys.modules if m.split('.')[0] in sys.argv[1:]])"
    heavy = [
        "torch",
        "transformers",
        "langgraph",
        "langchain_core",
        "chromadb",
        "openai",
        "polars",
        "sklearn",
        "scipy",
        "numpy",
    ]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_answer_imports_nothing_heavy_that_it_does_not_need(tmp_path):
    home = build(tmp_path / "home").home
    code = """
import sys
from kedrec.cli import main
heavy, sys.argv = sys.argv[1].split(), ["kedrec", *sys.argv[2:]]
try:
    main()
finally:
    print([name for name in sys.modules if name.split(".")[0] in heavy], file=sys.stderr)
"""
    heavy = "torch transformers sklearn pandas polars chromadb openai neo4j ray bm25s peft trl datasets"
    heavy += " sentence_transformers openvino onnxruntime tokenizers safetensors matplotlib networkx IPython pytest"
    asked = ["compare", "alopecia areata", "baricitinib", "sulfasalazine", "--home", str(home)]
    done = subprocess.run([sys.executable, "-c", code, heavy, *asked], capture_output=True, text=True, check=True)
    assert "Baricitinib" in done.stdout
    assert done.stderr.splitlines()[-1] == "[]"
