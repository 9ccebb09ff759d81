"""Chat model over OpenAI's Batch API: orders are written, submitted, collected and resumed."""
