"""The load tool: real sockets that write to each other, and what that cost. `make bench` runs it.

It measures the relay and nothing else: bodies are random bytes, keys are real, the wire is the wire.
"""
