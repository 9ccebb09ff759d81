"""Chat model for OpenAI-compatible servers: messages, connections, retries, rate limits, budget, answer cache."""
