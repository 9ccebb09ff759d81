"""Search in two steps: BM25, then reranking by embeddings kept in Chroma."""
