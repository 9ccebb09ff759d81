"""One recorded run as a self-contained HTML page."""
