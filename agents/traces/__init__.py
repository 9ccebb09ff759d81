"""Store of recorded runs: append-only frames, deduplicated texts, lookup by id."""
