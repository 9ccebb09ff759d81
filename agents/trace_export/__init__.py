"""Export traces: Parquet tables, OpenTelemetry spans, LangSmith runs."""
