"""The HTTP edge: calls as rows of one table, refusals as problem documents, the built client."""
