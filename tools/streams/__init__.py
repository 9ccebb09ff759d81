"""Bytes and records out of files of any length: unpacked, decoded, one JSON object or XML element at a time."""
