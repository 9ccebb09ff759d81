"""Markup in texts read as words: levels of powers and indices, formulas, escapes."""
