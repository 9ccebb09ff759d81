"""The three terms of the student's loss, `L = L_sft + a·L_select + λ·L_rationale`.

The paper (KEDRec-LM) writes the second term as an indicator that the student's choice differs from the teacher's,
and the third as the norm of the difference between the embeddings of the two rationales. Neither has a gradient: an
indicator is flat, and a rationale that was sampled is made of discrete tokens. Here the indicator is replaced by
its usual smooth bound, the cross-entropy over the candidates' label tokens; and the student's rationale by its
*expected* embedding: at each position of the teacher's rationale the student's distribution over the vocabulary is
projected through the input embeddings.

Shapes: B rows, K kept positions, V tokens of the vocabulary, C candidates, D width of the embeddings.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["rationale_loss", "select_loss", "sft_loss"]

IGNORED = -100


def sft_loss(logits: Tensor, targets: Tensor, items: Tensor | int | None = None) -> Tensor:
    """Mean negative log-likelihood of the trained tokens.

    Args:
        logits: [B, K, V], each predicting the target of the same place.
        targets: [B, K], `IGNORED` where nothing is trained.
        items: trained tokens to divide by, where several batches make one step; those of this batch by default.
    """
    total = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum")
    count = (targets != IGNORED).sum() if items is None else torch.as_tensor(items, device=total.device)
    return total / count.clamp(min=1)


def select_loss(logits: Tensor, label_tokens: Tensor, choice: Tensor, sure: Tensor | None = None) -> Tensor:
    """−log p(c*) among the candidates alone, a mean over the rows that make a choice; 0 where none does.

    Args:
        logits: [B, V] at the place that predicts the label.
        label_tokens: [B, C] the token of each candidate's label, -1 where a row has fewer candidates.
        choice: [B] which candidate is right, -1 where the row makes no choice.
        sure: [B, C] how probable each candidate is to be the right one, by which the hard choice is replaced: the
            cross-entropy to the teacher's probabilities, so that the student learns how sure to be.
    """
    chosen = choice >= 0
    if not chosen.any():
        return logits.sum() * 0.0
    tokens = label_tokens[chosen]
    scores = logits[chosen].float().gather(1, tokens.clamp(min=0)).masked_fill(tokens < 0, float("-inf"))
    if sure is None:
        return F.cross_entropy(scores, choice[chosen])
    logs = F.log_softmax(scores, dim=-1).masked_fill(tokens < 0, 0.0)
    return -(sure[chosen] * logs).sum(dim=1).mean()


def rationale_loss(logits: Tensor, targets: Tensor, inside: Tensor, embeddings: Tensor) -> Tensor:
    """Squared distance between the mean embeddings of the student's and the teacher's rationale; 0 if there is none.

    `‖ mean_t Σ_v p(v|t)·E_v − mean_t E_{teacher_t} ‖²`, a mean over the rows that hold a rationale, in units of the
    mean squared norm of an embedding, so that its weight means the same whatever the base. E is taken as it is and
    gets no gradient: the student must move its words, not the meaning of words. As the teacher's own words stand
    before each position (teacher forcing), the term compares what is said on average and not the order in which it
    is said; L_sft holds the order.

    Args:
        logits: [B, K, V], each predicting the target of the same place.
        targets: [B, K] the teacher's tokens.
        inside: [B, K] true where a token of the rationale stands.
        embeddings: [V, D] input embeddings.
    """
    rows = inside.any(dim=1)
    if not rows.any():
        return logits.sum() * 0.0
    table = embeddings.detach().float()
    row_of, _ = inside.nonzero(as_tuple=True)
    expected = logits[inside].float().softmax(dim=-1) @ table
    difference = expected - table[targets[inside]]
    total = torch.zeros(len(inside), table.shape[1], device=table.device).index_add(0, row_of, difference)
    mean = total[rows] / inside.sum(dim=1, keepdim=True)[rows]
    return mean.square().sum(dim=1).mean() / table.square().sum(dim=1).mean()
