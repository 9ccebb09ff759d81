"""The LangGraph workflow: resolve, gather, investigate, answer, decide, check, finish."""
