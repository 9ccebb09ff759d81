"""The literature database: schema, chunks, ingest, filters."""
