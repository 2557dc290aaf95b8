"""The pusher: tells the nodes at once what was accepted or expired for the devices they hold.

A push is only a hint that saves a read: lost, doubled or late ones cannot lose or reorder messages, because
a node that sees a gap reads the mailbox. So the pusher keeps no pending list. It reads on from its position,
and about once a second moves its group on the log there, for lag and trimming.
"""
