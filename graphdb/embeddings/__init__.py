"""Embeddings of the whole graph by a relational graph neural network, and what it is measured against.

`task` says what is learnt and what is held out, `neighbourhoods` samples the graph, `wording` makes features of names,
`layers` and `network` are the model, `training` trains it and keeps checkpoints, `ranks` measures, `transe` is a rival.
"""

__all__: list[str] = []
