"""The rows that the tables compare with, each written from its paper."""
