"""The kinds of one-time prekeys: what log, tables and limits call each.

Invariant: a one-time prekey of any kind is handed out once, ever, and its id is never used again by its
device. Ids of different kinds have nothing to do with each other.
"""

from dataclasses import dataclass
from typing import Final

from schema.events import (
    KemPrekeysUploaded,
    KemPrekeyTaken,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
)
from schema.limits import KEM_PREKEYS_WAITING, PREKEYS_WAITING


@dataclass(frozen=True, eq=False)
class Kind:
    """`waiting` and `used`: the tables; `columns`: those of `waiting` after the id; `mark`: stands before the
    id in a mark of the log; `most`: so many of a device may wait; `noun`: for sentences."""

    noun: str
    waiting: str
    used: str
    columns: tuple[str, ...]
    mark: str
    most: int
    uploaded: type[PrekeysUploaded] | type[KemPrekeysUploaded]
    taken: type[PrekeyTaken] | type[KemPrekeyTaken]


EC: Final = Kind(
    noun="one-time prekey", waiting="one_time_prekeys", used="used_prekeys", columns=("key",), mark="",
    most=PREKEYS_WAITING, uploaded=PrekeysUploaded, taken=PrekeyTaken,
)  # fmt: skip
KEM: Final = Kind(
    noun="one-time KEM prekey", waiting="kem_prekeys", used="used_kem_prekeys", columns=("key", "signature"),
    mark="kem:", most=KEM_PREKEYS_WAITING, uploaded=KemPrekeysUploaded, taken=KemPrekeyTaken,
)  # fmt: skip
KINDS: Final = (EC, KEM)

OF_UPLOAD: Final[dict[type, Kind]] = {kind.uploaded: kind for kind in KINDS}
OF_TAKING: Final[dict[type, Kind]] = {kind.taken: kind for kind in KINDS}

NO_LAST_RESORT: Final = SignedPrekey(0, b"", b"")
"""What stands for the last-resort KEM prekey of a device that published none."""
