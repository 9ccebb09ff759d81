"""What can be measured of the rationales of a run: the mechanisms they name, what they rest on, how they read."""

from kedrec.eval.rationale_measures.evaluate import Measures, evaluate_rationales
from kedrec.eval.rationale_measures.report import RationaleReport

__all__ = ["Measures", "RationaleReport", "evaluate_rationales"]
