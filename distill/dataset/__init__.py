"""Data sets: what the traces of runs teach."""
