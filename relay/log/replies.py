"""The replies of the log about mailboxes, as values. Pure."""

from typing import Any, NamedTuple

import msgspec

from schema.receipts import DIGEST_BYTES
from schema.refusals import Refusal


class Position(NamedTuple):
    """Where an event stands in the log."""

    partition: int
    entry: bytes


class Accepted(msgspec.Struct, frozen=True):
    """The answer to a send: when, and the number each device's envelope got. `digests`: the SHA-256 of each
    accepted body in the same order; empty if the accepted send did not ask for a receipt."""

    at: int
    seqs: list[tuple[int, int]]
    digests: tuple[bytes, ...] = ()


class Mailbox(msgspec.Struct, frozen=True):
    """One device's numbers; owed is (max(cursor, floor), head]. `expired`: how many envelopes ever did,
    `notified`: of how many of them the device knows."""

    registration_id: int
    head: int
    cursor: int
    floor: int
    expired: int
    notified: int


def read_remembered(reply: list[Any]) -> Accepted:
    """The answer to an accepted send, as `accept` and `answered` give it."""
    digests = reply.pop() if len(reply) % 2 else b""
    return Accepted(
        reply[1],
        list(zip(reply[2::2], reply[3::2], strict=True)),
        tuple(digests[start : start + DIGEST_BYTES] for start in range(0, len(digests), DIGEST_BYTES)),
    )


def read_accept(reply: list[Any]) -> Accepted | Refusal:
    """One send's outcome. A refusal is returned, not raised."""
    match reply[0]:
        case b"ok":
            return read_remembered(reply)
        case b"mismatch":
            missing, extra, stale = reply[1:]
            return Refusal(
                "device_mismatch", "Fetch the bundle again.", missing=missing, extra=extra, stale=stale
            )
        case b"full":
            what = "bytes" if len(reply) > 2 else "envelopes"
            return Refusal("mailbox_full", f"Too many {what} wait for a device.", device_id=reply[1])
        case _:
            return Refusal("not_found", "There is no such user.")


def read_acknowledge(reply: list[int]) -> int | Refusal:
    """The cursor, or why it did not move."""
    if reply[0] == 1:
        return reply[1]
    if reply[0] == 0:
        return Refusal("invalid", "Nothing has that number yet.", path="$.upto", head=reply[1])
    return Refusal("device_inactive", "This device is not active.")
