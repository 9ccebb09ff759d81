"""What stands above and below the tables: how to read them."""

from __future__ import annotations

__all__ = ["preamble"]


def preamble() -> str:
    """How the figures were come by, and what is not comparable with the paper."""
    return """\
Which of two drugs is the listed one for a disease. The direct Compound–Disease edges of all pairs, those of training
and those asked, are hidden from every row, but where a row says otherwise. Intervals are bootstrap, 2,000
resamples; those by diseases (patients) resample whole diseases and are the ones to go by. `p (items)` is McNemar's
exact test, `p` by groups comes from the bootstrap of the difference; both compare with the best row in the same setting
that is not ours, chosen after the
fact, and are not corrected for the number of comparisons.

**Not comparable with the paper**: its pairs, literature, teacher (GPT) and student (LLaMA) are others; it does not say
whether the pairs' own edges were hidden or whether diseases were kept apart; it gives no intervals. Its figures stand,
where they are known, in columns of their own and say whether an order of methods holds, not by how much. A negative
here is a drug that is not listed for the disease, which is not one that does not work; a stopped trial is not a failed
drug.
"""
