"""Replay: folds the log and holds everything else against it, over ciphertext only.

It reads; it changes nothing on the log, the board or the live database. Its pages are bounded and paced, so
that a relay under load does not notice it.
"""
