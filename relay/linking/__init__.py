"""Linking: how a new device of an account meets an old one, and logs in by its word.

Its work: mailboxes for two devices that know nothing of each other but a code on a screen, and grants that
let one device in. Both lie on the board, for two minutes. What passes through a mailbox is sealed between
the two.
"""
