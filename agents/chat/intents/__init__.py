"""What a message wants, as one record: read by rules over its wording, or by a language model through a tool."""
