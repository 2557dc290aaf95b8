"""The rate limiter: where the policy lives, and who watches for users that keep hitting it.

Its work: the limits on the board, renewed, and the operator's own for single users; refusals read from the
log; cool-downs and evictions. It must not admit or refuse anything itself: that is exact and inline, on the
board, before every append.
"""
