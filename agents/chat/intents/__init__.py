"""What a message wants: told by rules over its wording, or by a language model through a tool, as one record."""
