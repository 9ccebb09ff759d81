"""PyHealth's SafeDrug on visits, as a program for a Python that has PyHealth: JSON on stdin, chances on stdout.

It is run by `pyhealth_row` with another interpreter and so imports nothing of this project. PyHealth's model, its
tokenizers, molecules, masks and trainer are its own; only where it would fetch tables of ATC codes from the network, it
is given the structures of the drugs that are asked about, and the interactions of the graph.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

__all__ = ["main"]

NONE = "none"
"""Stands in a visit without known codes."""


def main() -> None:
    """Read what is to be learnt and asked, train, and write the chances of each drug in each visit asked."""
    told = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder  # PyHealth makes a folder of its own in the home
        chances, parameters = _trained(told, folder)
    json.dump({"chances": chances, "parameters": parameters}, out)


def _trained(told: dict[str, Any], folder: str) -> tuple[list[list[float]], int]:
    from pyhealth.datasets import SampleEHRDataset, get_dataloader  # type: ignore[import-not-found]
    from pyhealth.trainer import Trainer  # type: ignore[import-not-found]
    from torch import manual_seed

    manual_seed(told["seed"])
    parts = {name: _samples(told[name], name) for name in ("learnt", "kept", "asked")}
    every = SampleEHRDataset([one for part in parts.values() for one in part], "visits", "drugs")
    model = _model(every, told)
    loaders = {name: get_dataloader(_Part(part), batch_size=told["at_once"], shuffle=name == "learnt")
               for name, part in parts.items()}  # fmt: skip
    trainer = Trainer(model=model, metrics=["jaccard_samples"], device="cpu", output_path=folder, exp_name="visits")
    trainer.train(loaders["learnt"], loaders["kept"], epochs=told["epochs"], monitor="jaccard_samples",
                  optimizer_params={"lr": told["rate"]})  # fmt: skip
    _, found, _ = trainer.inference(loaders["asked"])
    order = [model.label_tokenizer.vocabulary(str(drug)) for drug in range(told["drugs"])]
    return found[:, order].tolist(), sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


class _Part(list[dict[str, Any]]):
    """Samples as a data set."""


def _samples(visits: list[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    return [
        {
            "patient_id": f"{part}{place}",
            "visit_id": f"{part}{place}",
            "conditions": [[str(code) for code in codes] or [NONE] for codes in one["diagnoses"]],
            "procedures": [[str(code) for code in codes] or [NONE] for codes in one["procedures"]],
            "drugs": [str(drug) for drug in one["drugs"]],
        }
        for place, one in enumerate(visits)
    ]


def _model(every: Any, told: dict[str, Any]) -> Any:
    import torch
    from pyhealth.models import SafeDrug  # type: ignore[import-not-found]
    from rdkit import Chem

    class OfStructures(SafeDrug):  # type: ignore[misc]
        """SafeDrug with structures and interactions given, in place of tables by ATC class."""

        def generate_smiles_list(self) -> list[list[str]]:
            found: list[list[str]] = [[] for _ in range(self.label_size)]
            for drug, inchi in enumerate(told["inchis"]):
                molecule = Chem.MolFromInchi(inchi) if inchi else None  # type: ignore[no-untyped-call]
                if molecule is not None:
                    found[self.label_tokenizer.vocabulary(str(drug))] = [Chem.MolToSmiles(molecule)]
            return found

        def generate_ddi_adj(self) -> Any:
            table = torch.zeros(self.label_size, self.label_size)
            for one, other in told["interacting"]:
                first, second = (self.label_tokenizer.vocabulary(str(drug)) for drug in (one, other))
                table[first, second] = table[second, first] = 1
            return table

    return OfStructures(every, embedding_dim=told["width"], hidden_dim=told["width"])


if __name__ == "__main__":
    main()
