"""Runs over many pairs: resumable journal, pair loop, shards, process and Ray pools."""
