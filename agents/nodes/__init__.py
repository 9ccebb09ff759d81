"""The nodes of the graph: each takes the state and returns what it changes."""
