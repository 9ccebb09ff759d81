"""Where people and programs meet the agent: an HTTP API, the pages over it, and a server for MCP clients.

`service` does what is asked; `web` and `mcp` are thin over it, and `web/guard` stands before all that HTTP brings.
Nothing here can load, change or delete data of the home; answers are kept as traces, as every command does.
"""
