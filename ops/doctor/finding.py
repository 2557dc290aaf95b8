"""The finding of a check: one line, and the remedy for a red one."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """`is_well` is None where nothing could be checked, because a server that the check needs is away."""

    name: str
    is_well: bool | None
    found: str
    remedy: str = ""


def green(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name, True, found)


def red(name: str, found: str, remedy: str) -> Finding:
    """Something is to be done."""
    return Finding(name, False, found, remedy)


def unchecked(name: str, server: str) -> Finding:
    """The server is away, which has a line of its own."""
    return Finding(name, None, f"not checked: the {server} is away")
