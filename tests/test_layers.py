"""The imports point one way, and the command line stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from world import build

ROOT = Path(__file__).parent.parent
BASE = {p.stem for p in (ROOT / "src/kedrec").glob("*.py")} | {"records"}
"""What stands below all folders: `src/kedrec/*.py` and the records."""
ROOMS = (
    "graphdb.groups", "graphdb.store", "graphdb.vocabularies", "graphdb.drkg", "graphdb.ranking", "graphdb.snapshots",
    "graphdb.names", "graphdb.joining", "graphdb.embedded", "graphdb.neo4j", "graphdb.open_store",
    "graphdb.link_prediction", "graphdb.embeddings",
    "tools.text", "tools.findings", "tools.markup", "tools.streams", "tools.sources", "tools.library",
    "tools.embedders", "tools.search",
    "tools.ray_workers",
    "tools.literature", "tools.live", "tools.drug_targets", "tools.graph_tools", "tools.literature_tools",
    "tools.cypher_tool",
    "tools.toolbox", "tools.harm_toolbox",
    "agents.traces", "agents.models", "agents.models.openai_api", "agents.models.local", "agents.prompting",
    "agents.models.replayed", "agents.offline", "agents.student", "agents.resources",
    "agents.workflow", "agents.open_model", "agents.models.openai_batch", "agents.agent", "agents.replay",
    "agents.recommend", "agents.chat", "agents.answer_html", "agents.trace_export",
    "distill.pairs", "distill.runs", "distill.dataset", "distill.student",
    "eval",
)  # fmt: skip
"""Rooms and single modules in order: each imports only what stands before it, or itself."""


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names below `kedrec` that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.removeprefix("kedrec.") for name in names if name.startswith("kedrec.")}
    return found


def room_of(name: str) -> str | None:
    """The longest room that a dotted name lies in."""
    inside = [room for room in ROOMS if name == room or name.startswith(f"{room}.")]
    return max(inside, key=len, default=None)


def test_every_module_has_a_room():
    homeless = [
        str(path.relative_to(ROOT))
        for folder in ("graphdb", "tools", "agents", "distill", "eval")
        for path in modules(folder)
        if path.parent != ROOT / folder or path.name != "__init__.py"
        if room_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) is None
    ]
    assert not homeless


@pytest.mark.parametrize("folder", ["graphdb", "tools", "agents", "distill", "eval"])
def test_a_room_imports_only_what_stands_before_it(folder):
    strangers = []
    for path in modules(folder):
        here = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name in imported(path):
            there = room_of(name)
            if here and there and ROOMS.index(there) > ROOMS.index(here):
                strangers.append(f"{path.relative_to(ROOT)} imports {name}")
            if there is None and name.split(".")[0] not in BASE | {"__version__"}:
                strangers.append(f"{path.relative_to(ROOT)} imports {name}, which has no room")
    assert not strangers


def test_no_folder_holds_more_than_fifteen_modules():
    folders = {
        path.parent for folder in ("graphdb", "tools", "agents", "distill", "eval", "src") for path in modules(folder)
    }
    crowded = {str(folder.relative_to(ROOT)): n for folder in folders if (n := len(list(folder.glob("*.py")))) > 15}
    assert not crowded


def test_what_all_folders_share_imports_nothing_above_it():
    shared = ROOT / "src/kedrec"
    for path in (*shared.glob("*.py"), *shared.glob("records/*.py")):
        if path != shared / "__init__.py":  # names what notebooks use, and imports it when it is used
            assert {name.split(".")[0] for name in imported(path)} <= BASE


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
        "fastapi",
        "uvicorn",
        "mcp",
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
