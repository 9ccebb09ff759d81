"""Refuses a wheel that installs anything but `kedrec`, or that lacks a part of it.

Usage: python tests/wheel_contents.py WHEEL
"""

import sys
import zipfile

NEEDED = (
    "kedrec/cli/app.py",
    "kedrec/graphdb/embedded/store.py",
    "kedrec/tools/literature.py",
    "kedrec/agents/workflow/graph.py",
    "kedrec/agents/prompts/",
    "kedrec/agents/offline/model/",
    "kedrec/agents/student/shipped/adapter_config.json",
    "kedrec/distill/student/train.py",
    "kedrec/eval/metrics.py",
    "kedrec/serve/web/islands/asking.js",
    "kedrec/py.typed",
)


def problems(names: list[str]) -> list[str]:
    tops = {name.split("/")[0] for name in names}
    strangers = [f"installs {top}" for top in tops if not top.startswith("kedrec")]
    return strangers + [f"lacks {part}" for part in NEEDED if not any(name.startswith(part) for name in names)]


def main(path: str) -> int:
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/")]
    found = problems(names)
    print("\n".join(found) or f"{path}: {len(names)} files, only kedrec")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
