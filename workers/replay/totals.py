"""The numbers of an audit."""

import msgspec


class Totals(msgspec.Struct):
    """Of one partition; all but entries and bytes since the fold last began anew. accepted = delivered + owed
    + expired + dropped (its device was closed while it was owed)."""

    entries: int = 0
    bytes: int = 0
    accepted: int = 0
    delivered: int = 0
    expired: int = 0
    dropped: int = 0
    taken: int = 0
