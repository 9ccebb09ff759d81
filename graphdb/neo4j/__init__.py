"""The Neo4j store: connection, bulk and online load, queries, and checked Cypher of users."""
