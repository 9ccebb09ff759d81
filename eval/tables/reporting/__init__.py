"""From what the steps came to, to Markdown, CSV and SVG."""
