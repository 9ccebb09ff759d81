"""The agent as a model of an OpenAI-compatible server, and how an answer reads in a chat program."""
