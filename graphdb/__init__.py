"""The knowledge graph: DRKG's files parsed, named and stored; two stores behind one protocol; kernels over it."""
