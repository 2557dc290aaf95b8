"""What is said: events, wire types, tables, keys, limits and refusals. This package opens nothing."""
