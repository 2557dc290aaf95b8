"""A load tool: pairs of users write to each other through a running relay, over real sockets.

It speaks the published wire by itself (Engine.IO over one WebSocket, MessagePack packets), with as little
work per message as Python allows, because it shares the machine with what it measures. Bodies are random:
to the relay they are ciphertext like any other.
"""
