"""The five views of the page: ask, compare, evidence, runs, results; each with addresses of its own."""
