"""The agent's graph for LangGraph's server and Studio: it can be paused, resumed and gone back in."""
