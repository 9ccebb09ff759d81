"""Conversation: parse a question in plain words, find its disease and drugs, keep the thread."""
