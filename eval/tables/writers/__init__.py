"""Table 2: rows that write rationales, and what these are compared with."""
