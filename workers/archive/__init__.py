"""The archive: stretches of the log that were trimmed, in signed, hash-chained segments.

Its work: it writes a stretch before retention trims it, and reads segments and log as one. It must not trim,
and it keeps digests instead of ciphertexts unless the operator chose otherwise.
"""
