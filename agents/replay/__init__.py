"""Replay recorded runs without a network, fork them onto other models, and compare traces."""
