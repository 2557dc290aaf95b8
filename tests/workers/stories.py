"""Events for tests: one of each kind on demand, and random stories of a few users for hypothesis."""

from uuid import UUID, uuid4, uuid5

from hypothesis import strategies as st

from schema import codec
from schema.events import (
    AccountDeleted,
    DeviceClosed,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    IdentityChange,
    IdentitySet,
    KemPrekeysUploaded,
    KemPrekeyTaken,
    LogEvent,
    Prekey,
    PrekeysUploaded,
    PrekeyTaken,
    SignedPrekey,
    SignedPrekeySet,
)
from schema.positions import Position
from workers.batches import Entry

Said = tuple[LogEvent, int]
"""An event and the mailbox number beside it."""
SENDER = UUID("5e0de5e0-0000-4000-8000-000000000000")


def key(number: int = 1) -> bytes:
    return b"\x05" + bytes([number]) * 32


def kem_prekey(number: int) -> SignedPrekey:
    return SignedPrekey(number, b"\x08" + bytes([number % 250]) * 1568, bytes([number % 250]) * 64)


def accepted(user: UUID, device: int, seq: int, at: int = 1000, body: bytes = b"sealed") -> Said:
    """The same number always gets the same envelope id."""
    event = EnvelopeAccepted(
        user=user, device=device, at=at, id=uuid5(user, f"{device}.{seq}"), from_user=SENDER, from_device=1,
        kind="message", body=body,
    )  # fmt: skip
    return event, seq


def acknowledged(user: UUID, device: int, upto: int, at: int = 1000) -> Said:
    return EnvelopesAcknowledged(user=user, device=device, at=at), upto


def expired(user: UUID, device: int, upto: int, count: int = 1, at: int = 1000) -> Said:
    return EnvelopesExpired(user=user, device=device, at=at, count=count), upto


def identity(
    user: UUID,
    device: int = 1,
    change: IdentityChange = "first",
    at: int = 1000,
    identity_key: bytes | None = None,
    number: int = 1,
    kem: int | None = None,
) -> Said:
    event = IdentitySet(
        user=user, device=device, at=at, change=change, identity_key=identity_key or key(),
        registration_id=number, signed_prekey=SignedPrekey(number, key(number), bytes([number]) * 64),
        kem_prekey=None if kem is None else kem_prekey(kem),
    )  # fmt: skip
    return event, 0


def closed(user: UUID, device: int, at: int = 1000) -> Said:
    return DeviceClosed(user=user, device=device, at=at), 0


def uploaded(user: UUID, device: int, *ids: int, at: int = 1000, under: bytes = b"") -> Said:
    prekeys = tuple(Prekey(number, key(number % 250)) for number in ids)
    return PrekeysUploaded(user=user, device=device, at=at, prekeys=prekeys, identity=under), 0


def taken(user: UUID, device: int, number: int, at: int = 1000) -> Said:
    return PrekeyTaken(user=user, device=device, at=at, prekey_id=number), 0


def kem_uploaded(user: UUID, device: int, *ids: int, at: int = 1000, under: bytes = b"") -> Said:
    prekeys = tuple(kem_prekey(number) for number in ids)
    return KemPrekeysUploaded(user=user, device=device, at=at, prekeys=prekeys, identity=under), 0


def kem_taken(user: UUID, device: int, number: int, at: int = 1000) -> Said:
    return KemPrekeyTaken(user=user, device=device, at=at, prekey_id=number), 0


def signed(
    user: UUID, device: int, number: int, at: int = 1000, kem: int | None = None, under: bytes = b""
) -> Said:
    event = SignedPrekeySet(
        user=user, device=device, at=at,
        signed_prekey=SignedPrekey(number, key(number), bytes([number]) * 64),
        kem_prekey=None if kem is None else kem_prekey(kem), identity=under,
    )  # fmt: skip
    return event, 0


def deleted(user: UUID, device: int = 1, at: int = 1000) -> Said:
    return AccountDeleted(user=user, device=device, at=at), 0


def entries(story: list[Said], first: int = 1) -> list[Entry[LogEvent]]:
    """The story as log entries at positions 1-0, 2-0, …"""
    return [
        Entry(Position(number, 0), event, seq, fields((event, seq)))
        for number, (event, seq) in enumerate(story, first)
    ]


def fields(said: Said) -> dict[bytes, bytes]:
    """A stream entry's fields, as the accepting function writes them."""
    event, seq = said
    number = {codec.SEQ_FIELD: str(seq).encode()} if seq else {}
    return {**number, codec.EVENT_FIELD: codec.encode(event)}


def users(count: int) -> list[UUID]:
    return [uuid4() for _ in range(count)]


@st.composite
def stories(draw: st.DrawFn, who: list[UUID], most: int = 40) -> list[Said]:
    """Random events about two users with three devices each, legal or not; times grow."""
    story: list[Said] = []
    for at in range(1000, 1000 + draw(st.integers(0, most))):
        user = draw(st.sampled_from(who))
        device = draw(st.sampled_from([1, 1, 2, 3]))
        number = draw(st.integers(1, 6))
        story.append(_said(draw, user, device, number, at))
    return story


_KINDS = (
    *("accepted",) * 6,
    *("acknowledged", "uploaded", "taken", "kem_uploaded", "kem_taken") * 2,
    *("identity",) * 4,
    *("expired", "closed", "signed", "deleted"),
)
_UNDER = st.sampled_from([b"", key(1), key(2), key(3)])
_LAST_RESORTS = st.none() | st.integers(11, 13)
_CHANGES: tuple[IdentityChange, ...] = ("first", "added", "added", "replaced")


def _said(draw: st.DrawFn, user: UUID, device: int, number: int, at: int) -> Said:
    match draw(st.sampled_from(_KINDS)):
        case "accepted":
            return accepted(user, device, number, at)
        case "acknowledged":
            return acknowledged(user, device, number, at)
        case "expired":
            return expired(user, device, number, 1, at)
        case "uploaded":
            return uploaded(user, device, number, number + 1, at=at, under=draw(_UNDER))
        case "taken":
            return taken(user, device, number, at)
        case "kem_uploaded":
            return kem_uploaded(user, device, number, number + 1, at=at, under=draw(_UNDER))
        case "kem_taken":
            return kem_taken(user, device, number, at)
        case "signed":
            return signed(user, device, number, at, draw(_LAST_RESORTS), draw(_UNDER))
        case "closed":
            return closed(user, device, at)
        case "deleted":
            return deleted(user, device, at)
        case _:
            change = draw(st.sampled_from(_CHANGES))
            known = key(draw(st.integers(1, 3)))
            return identity(user, device, change, at, known, number, draw(_LAST_RESORTS))
