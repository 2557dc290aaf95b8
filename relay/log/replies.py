"""The replies of the log about mailboxes, as values. Pure."""

from typing import Any, NamedTuple

import msgspec

from schema.positions import Position
from schema.receipts import DIGEST_BYTES
from schema.refusals import Refusal


class Appended(NamedTuple):
    """Where an appended event stands in the log."""

    partition: int
    position: Position


class Accepted(msgspec.Struct, frozen=True):
    """The answer to a send: when, and the number each device's envelope got. `digests`: the SHA-256 of each
    accepted body in the same order; empty if the accepted send did not ask for a receipt. `is_repeated`: an
    earlier call was accepted, perhaps with other bodies."""

    at: int
    seqs: list[tuple[int, int]]
    digests: tuple[bytes, ...] = ()
    is_repeated: bool = False


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
    """The answer to a send that was accepted earlier, as `answered` gives it."""
    return _read_accepted(reply, is_repeated=True)


def _read_accepted(reply: list[Any], *, is_repeated: bool) -> Accepted:
    digests = reply.pop() if len(reply) % 2 else b""
    return Accepted(
        reply[1],
        list(zip(reply[2::2], reply[3::2], strict=True)),
        tuple(digests[start : start + DIGEST_BYTES] for start in range(0, len(digests), DIGEST_BYTES)),
        is_repeated,
    )


def read_accept(reply: list[Any]) -> Accepted | Refusal:
    """One send's outcome. A refusal is returned, not raised."""
    match reply[0]:
        case b"ok":
            return _read_accepted(reply, is_repeated=False)
        case b"again":
            return _read_accepted(reply, is_repeated=True)
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
