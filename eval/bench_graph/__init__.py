"""Benchmark of the graph stores beside SQLite, networkx and Neo4j."""
