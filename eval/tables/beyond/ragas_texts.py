"""ragas' measures of texts that need no judge, with what they cannot tell counted."""

from __future__ import annotations

import asyncio
import math
import os
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from kedrec.errors import MissingExtra
from kedrec.eval.rationale_measures.figures import Count, ratio

__all__ = ["RagasText", "ragas_of_texts"]

LONGEST = 1200
"""Characters of a text that are compared: the distance of two texts grows with the product of their lengths."""


class RagasText(NamedTuple):
    """What ragas is told of a rationale."""

    disease: str
    """Disease id, by which intervals resample."""
    evidence: tuple[str, ...]
    """Texts of all evidence shown, in order."""
    reference: tuple[str, ...]
    """Texts of the evidence that was of use."""
    written: str
    """The rationale."""
    mechanism: str
    """The curated mechanism as sentences; empty where there is none."""


def ragas_of_texts(rows: Sequence[RagasText]) -> dict[str, Any]:
    """Context precision and recall by the likeness of texts, and the likeness of rationale and curated mechanism.

    Returns:
        For each measure its mean with the interval by diseases, over how many, and how many are not a number.

    Raises:
        MissingExtra: ragas is not installed.
    """
    os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")  # nothing about a run leaves the machine unasked
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            from ragas import SingleTurnSample
            from ragas.metrics import (
                NonLLMContextPrecisionWithReference,
                NonLLMContextRecall,
                NonLLMStringSimilarity,
            )
        except ModuleNotFoundError as error:
            raise MissingExtra("Measuring rationales by ragas", "ragas") from error
        metrics = {
            "context precision": NonLLMContextPrecisionWithReference(),
            "context recall": NonLLMContextRecall(),
            "likeness to the mechanism": NonLLMStringSimilarity(),
        }
    samples = [
        (
            one.disease,
            SingleTurnSample(
                retrieved_contexts=[text[:LONGEST] for text in one.evidence],
                reference_contexts=[text[:LONGEST] for text in one.reference],
                response=one.written[:LONGEST],
                reference=one.mechanism[:LONGEST],
            ),
        )
        for one in rows
    ]
    return {
        name: _figure(metric, [own for own in samples if name != "likeness to the mechanism" or own[1].reference])
        for name, metric in metrics.items()
    }


def _figure(metric: Any, samples: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    scores = [(disease, _score(metric, sample)) for disease, sample in samples]
    told = [(disease, score) for disease, score in scores if not math.isnan(score)]
    figure = ratio(Count(disease, score, 1) for disease, score in told)
    return {"mean": figure.value, "of": len(told), "not a number": len(scores) - len(told)}


def _score(metric: Any, sample: Any) -> float:
    """The score of a sample; not a number where ragas has nothing to compare."""
    try:
        return float(asyncio.run(metric.single_turn_ascore(sample)))
    except (ValueError, ZeroDivisionError, AssertionError):
        return math.nan
