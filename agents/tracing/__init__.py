"""Recorded runs for people and for other tools: a page, a comparison, and the formats that others read."""
