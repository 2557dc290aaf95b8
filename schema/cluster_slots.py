"""Which server of a cluster a command goes to. Pure."""

from collections.abc import Iterable
from typing import Any

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

Command = tuple[bytes | str | int, ...]
Place = tuple[str, int]
"""Host and port of a server."""
Slots = list[Place | None]
"""By slot, its primary; None while it has none."""


def no_slots() -> Slots:
    """Before the first map."""
    return [None] * REDIS_CLUSTER_HASH_SLOTS


def read_map(reply: list[Any], host: str) -> tuple[Slots, list[Place]]:
    """Primaries by slot, and all servers, by the reply to CLUSTER SLOTS; a server that does not know its own
    name is `host`."""
    slots, servers = no_slots(), []
    for first, last, *found in reply:
        places = [(name.decode() if name else host, port) for name, port, *_ in found]
        servers += places
        slots[first : last + 1] = places[:1] * (last + 1 - first)
    return slots, servers


def primaries(slots: Iterable[Place | None]) -> set[Place]:
    """Those that serve slots."""
    return {place for place in slots if place is not None}


def redirected(text: str, host: str) -> Place:
    """Where `SLOT HOST:PORT` (MOVED, ASK) leads; without a host to another port of `host`."""
    named, _, port = text.partition(" ")[2].rpartition(":")
    return named or host, int(port)


def slot_of(command: Command) -> int | None:
    """The slot of a command of the hot path, by its first key: all are in one. None without a key."""
    match command[0]:
        case "PING":
            return None
        case "FCALL":
            key = command[3]
        case "XINFO":
            key = command[2]
        case "XREAD" | "XREADGROUP":
            key = command[command.index("STREAMS") + 1]
        case _:
            key = command[1]
    return key_slot(key if isinstance(key, bytes) else str(key).encode())
