"""Benchmark of literature: reading, adding, embedding, retrieval."""
