"""Metrics, baselines, reports and benchmarks."""
