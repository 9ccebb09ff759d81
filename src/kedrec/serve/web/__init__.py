"""The HTTP side: API, pages, the guard before both, and the server."""
