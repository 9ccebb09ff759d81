"""Arrays that cross folders, by what their numbers mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Indices", "Places", "Vectors"]

Vectors = NDArray[np.float32]
"""Embeddings or network activations, one row for each text or entity; or a single one."""
Places = NDArray[np.int32]
"""Places of entities or relations in the graph's lists, as they are stored."""
Indices = NDArray[np.int64]
"""Indices into arrays, as NumPy takes and returns them."""
