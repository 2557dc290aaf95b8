"""The pusher: hints to the nodes that hold the recipients' sockets.

Its work: one board function call per batch, then `XACK`. It must not write anywhere else, and nothing
rests on it: a push that is lost, doubled or late costs a read of the mailbox.
"""
