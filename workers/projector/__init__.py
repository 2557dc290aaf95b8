"""The projector: the log's entries, folded into the tables that everyone reads.

Its work: devices, identities, prekeys, mailboxes and owed envelopes in PostgreSQL, in the log's order,
each batch and the checkpoint in one transaction. It must not write anywhere but there, and it decides
nothing: what the log says has happened.
"""
