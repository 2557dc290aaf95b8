"""`make test`: every check and every test, counted honestly.

Invariant: nothing passes by being absent, and a test that passed only when it ran again is named.
"""
