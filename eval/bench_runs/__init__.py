"""Benchmark of runs: throughput against a scripted server, memory, kills."""
