"""Patterns of words that most sentences do not have, and how those are passed over."""
