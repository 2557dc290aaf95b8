"""Retention: what has had its time goes.

Its work: it appends *expired* for envelopes over thirty days (the projector deletes them), trims the log and
its quarantine to their window, erases what they hold of deleted accounts, clears dead login sessions, used
prekey marks and what dead nodes left on the board, gives up files that are over their time, and has the log's
file rewritten. It must not delete an
envelope itself, nor take from the log what anyone still has to read.
"""
