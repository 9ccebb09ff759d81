"""The tables of the KEDRec-LM paper, regenerated: all rows by one resumable command (docs/tables.md)."""
