"""Pairs files: read them, draw them from the graph with hard negatives, report on them."""
