"""The embedded store: memory-mapped arrays, built in one swap."""
