"""The node: HTTP, sockets, accepting, catch-up, presence, auth, keys."""
