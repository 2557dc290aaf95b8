"""The rate limiter: where the policy on limits lives.

Its work: it installs the limits on the board, consumes refusals, and cools down and evicts users who keep
hitting a limit. It must not stand in the way of a send: admission itself is inline, in the nodes.
"""
