"""The card of a data set: README.md, whose head tells `datasets.load_dataset(DIR)` which file is which."""

from __future__ import annotations

from collections.abc import Sequence

from kedrec.distill.dataset.chat_rows import Manifest

__all__ = ["card"]

_TEXT = """
# Pairs of drugs and their better choice

Made by `kedrec dataset build`. The same runs, answers and options give the same files, byte for byte.

- `pairs` (the default): one row per pair: disease, two candidates, label, what graph, trials and articles say of each,
  answers to the domain questions, choice, rationale with its keys, trace id.
- `train.jsonl` and `validation.jsonl`: conversations that `kedrec student train` learns from; its `manifest.json` holds
  runs, settings, hashes and counts.

## Counts

{counts}

Split by disease{groups}. Left out: {dropped}.

## Labels

{labels}

## Sources and licences

{sources}
The graph is DRKG: its parts (DrugBank, Hetionet, GNBR, STRING, IntAct, DGIdb and others) have terms of their own, some
of them for academic use only. Abstracts are those of PubMed and belong to their publishers; full texts are of the open
subset of PubMed Central, each with its own licence; records of ClinicalTrials.gov are public. Take it as research data.

## Known faults

- A drug without an edge to the disease is taken as the worse one; some such drugs work and were not recorded.
- The teacher reads sentences by rules and misreads some; how often stands in docs/results.md of the project.
- Rationales are quotations and sentences about the graph, in English alone.
- Nothing in it is fit to decide about a patient.
"""


def card(manifest: Manifest, *, parquet: bool) -> str:
    """The text of the card."""
    suffix = "parquet" if parquet else "jsonl"
    files = "".join(
        f"      - split: {split}\n        path: pairs-{split}.{suffix}\n" for split in ("train", "validation")
    )
    head = (
        "---\nlicense: other\nlicense_name: sources-have-their-own-terms\nlanguage: en\n"
        "configs:\n  - config_name: pairs\n    default: true\n    data_files:\n" + files + "---\n"
    )
    splits = ("train", "validation")
    lines = ["| | " + " | ".join(splits) + " |", "|---|--:|--:|"]
    named = {"pairs": manifest.pairs, "diseases": manifest.diseases, "conversations": manifest.rows}
    lines += [f"| {name} | " + " | ".join(f"{of.get(one, 0):,}" for one in splits) + " |" for name, of in named.items()]
    counts = [
        *lines,
        "",
        "Conversations by task: " + ", ".join(f"{task} {n:,}" for task, n in manifest.tasks.items()) + ".",
    ]
    return head + _TEXT.format(
        counts="\n".join(counts),
        groups=_groups(manifest.alike),
        dropped=", ".join(f"{n} {reason}" for reason, n in manifest.dropped.items()) or "nothing",
        labels=_LABELS[manifest.labels],
        sources="\n".join(_run(run) for run in manifest.runs) + "\n",
    )


_LABELS = {
    "answers": "The labels are those of the pairs file, not the teacher's choice.",
    "teacher": "The labels are the teacher's choices; where it leaned, its leanings.",
}


def _groups(alike: Sequence[Sequence[str]]) -> str:
    if not alike:
        return ""
    return f"; {len(alike)} groups of diseases whose rows nearly repeat each other stay together"


def _run(run: dict[str, object]) -> str:
    data = run.get("data")
    found = data.items() if isinstance(data, dict) else ()
    hashes = ", ".join(f"{name.removesuffix('_sha256')} {str(value)[:12]}" for name, value in found if "sha256" in name)
    hidden = "hidden" if run.get("hide_pairs") else "shown"
    return (
        f"- Teacher `{run.get('model')}`, setting `{run.get('setting')}`, the pairs' own edges {hidden};"
        f" pairs {str(run.get('pairs_sha256'))[:12]}; {hashes}."
    )
