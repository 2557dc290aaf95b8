"""Structs as JSON for machines: positions and ids as text, nothing left out."""

from typing import Any
from uuid import UUID

import msgspec

from schema.positions import Position


def plain(value: Any) -> Any:
    """`value` in types that JSON has."""
    if isinstance(value, Position | UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, msgspec.Struct):
        return {name: plain(part) for name, part in msgspec.structs.asdict(value).items()}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def line(value: Any) -> str:
    """One line of JSON."""
    return msgspec.json.encode(plain(value)).decode()
