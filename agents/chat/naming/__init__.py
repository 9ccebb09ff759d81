"""Names that the graph alone does not settle: those it may have wrong, and those of classes of drugs."""
