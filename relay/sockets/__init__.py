"""The socket side of the node: transport, handshake, calls, delivery."""
