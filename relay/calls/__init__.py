"""Socket.IO calls of a client: connect, send, ack and the rest, each answered once."""
