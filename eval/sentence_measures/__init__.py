"""How well sentences are read: what a drug did, who came off better, what became of an outcome."""

from __future__ import annotations

from kedrec.eval.sentence_measures.evaluate import evaluate_sentences

__all__ = ["evaluate_sentences"]
