"""The student that ships: a small language model that chooses on a short form of the graph's request."""
