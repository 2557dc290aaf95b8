"""A device's one-time prekeys of one kind, compact: which wait with which key, which were taken.

Twelve bytes for one that waits, four for one that was taken; a device has a hundred or so.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final

from schema.events import Prekey, SignedPrekey

DIGEST: Final = 8


def key_digest(key: bytes, signature: bytes = b"") -> bytes:
    """The part of a key, and of its signature if it has one, that the fold keeps."""
    return blake2b(key + signature, digest_size=DIGEST).digest()


class Prekeys:
    """Changes as the projection does; the answers say whether that was in order."""

    __slots__ = ("_digests", "_taken", "_waiting")

    def __init__(self) -> None:
        self._waiting = array("I")
        self._digests = bytearray()
        self._taken = array("I")

    def upload(self, prekeys: Sequence[Prekey | SignedPrekey]) -> list[int]:
        """The ids of those that were uploaded or taken before; the first one stays."""
        known = {*self._waiting, *self._taken}
        again = []
        for prekey in prekeys:
            if prekey.id in known:
                again.append(prekey.id)
                continue
            known.add(prekey.id)
            self._waiting.append(prekey.id)
            signature = prekey.signature if isinstance(prekey, SignedPrekey) else b""
            self._digests += key_digest(prekey.key, signature)
        return again

    def take(self, prekey: int) -> tuple[bool, bool]:
        """Whether it was there to be taken, and whether it was taken for the first time."""
        place = bisect_left(self._taken, prekey)
        first = not (place < len(self._taken) and self._taken[place] == prekey)
        if first:
            self._taken.insert(place, prekey)
        if prekey not in self._waiting:
            return False, first
        index = self._waiting.index(prekey)
        self._waiting.pop(index)
        del self._digests[index * DIGEST : (index + 1) * DIGEST]
        return True, first

    def forget_waiting(self) -> None:
        """The identity was replaced: what waited belonged to the old one."""
        self._waiting = array("I")
        self._digests = bytearray()

    def digest(self, prekey: int) -> bytes | None:
        """The digest of one that waits."""
        if prekey not in self._waiting:
            return None
        index = self._waiting.index(prekey) * DIGEST
        return bytes(self._digests[index : index + DIGEST])

    def is_taken(self, prekey: int) -> bool:
        """Whether it was ever taken."""
        place = bisect_left(self._taken, prekey)
        return place < len(self._taken) and self._taken[place] == prekey

    def waiting(self) -> Iterator[int]:
        """The ids of those that wait."""
        return iter(self._waiting)

    def taken(self) -> Iterator[int]:
        """The ids of those that were taken, ascending."""
        return iter(self._taken)

    def counts(self) -> tuple[int, int]:
        """How many wait, and how many were taken."""
        return len(self._waiting), len(self._taken)
