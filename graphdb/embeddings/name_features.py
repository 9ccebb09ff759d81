"""Names as features: what a disease without any other edge still tells.

In DRKG cut to its curated sources most diseases that drugs are listed for have no other edge; once their drugs are held
out, their name is all that is left. Words that diseases share, and stems that compounds share, are brought down to a
few directions by a truncated singular value decomposition (latent semantic analysis).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from kedrec.graphdb.embeddings.task import LinkTask
from kedrec.graphdb.link_prediction.kernels import grams, stems_of, words_of

__all__ = ["name_features"]

NAMES = 12
"""Most names of one entity that are read, so that one with a hundred synonyms is not all of them."""


def name_features(task: LinkTask, dimension: int) -> NDArray[np.float32]:
    """Return what the names of compounds and diseases say, shape (entities, dimension).

    Rows of named diseases and compounds have about unit length; all other entities have zeros. Diseases and compounds
    have directions of their own.

    Args:
        task: the entities and their names.
        dimension: number of directions.
    """
    features = np.zeros((len(task.ids), dimension), np.float32)
    for kind, split in (("Disease", words_of), ("Compound", stems_of)):
        places = np.flatnonzero(task.is_kind(kind))
        texts = [task.texts[place][:NAMES] for place in places.tolist()]
        matrix = grams([" ".join(names) for names in texts], split)
        rank = min(dimension, min(matrix.shape) - 1)
        if rank < 1 or not matrix.nnz:
            found = np.zeros((len(texts), 0), np.float32)
        else:
            start = np.random.default_rng(0).standard_normal(min(matrix.shape))
            _, _, words = svds(sparse.csr_matrix(matrix, dtype=np.float64), k=rank, v0=start)
            found = np.asarray(matrix @ words.T, np.float32)
        features[places, : found.shape[1]] = found
    return features
