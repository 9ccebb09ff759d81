"""Runs over many pairs, the data set made of their traces, and the student trained on it."""
