"""DRKG's files: fetch, verify, unpack, parse; and a synthetic graph of the same size."""
