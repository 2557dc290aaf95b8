"""Files: sealed blobs that clients upload in pieces and read without a log-in.

Its work: it takes uploads (tus) into a storage that all nodes share, records whole ones in the log, and hands
them out by their unguessable ids. It must not learn what a blob holds or who reads it, and lists nothing.
Retention gives up what has had its time (`workers.retention.blobs`).
"""
