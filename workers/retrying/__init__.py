"""Entries that were set aside, handled again at the operator's word.

Each group's work decides what "again" means (ops/decisions/2026-11-29-an-entry-is-retried-in-its-place.md):
the projector's tables come out as if the entry had been projected in its place, the pusher's hint is routed
again, a refusal by a limit is appended again. An entry leaves the quarantine only after that.
"""
