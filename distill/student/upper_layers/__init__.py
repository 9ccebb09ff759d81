"""Training the upper layers alone: what the lower ones make of a row is computed once and kept."""
