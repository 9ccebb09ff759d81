"""The chat models: `offline`, any OpenAI-compatible server, transformers in process, and a scripted one for tests."""
