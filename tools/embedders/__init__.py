"""Embedding models behind one registry: MiniLM, MedCPT, sentence-transformers, OpenAI."""
