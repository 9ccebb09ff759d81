"""The MCP side: the tools, and the server over stdio and over HTTP."""
