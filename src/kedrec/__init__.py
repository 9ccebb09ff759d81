"""KEDRec: evidence-cited drug choices from a knowledge graph and the literature."""

__version__ = "0.1.0"
__all__ = ["__version__"]
