"""One LangGraph graph for teacher and student: chat models, prompts, the check, traces, replay and chat."""
