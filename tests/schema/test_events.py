"""Old entries decode for ever: the golden bytes below were written by the first version."""

from uuid import UUID

import msgspec
import pytest

from schema import codec
from schema.events import (
    AccountDeleted,
    BlobErased,
    BlobStored,
    DeviceClosed,
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    Event,
    IdentitySet,
    KemPrekeysUploaded,
    KemPrekeyTaken,
    Prekey,
    PrekeysUploaded,
    PrekeyTaken,
    Refused,
    SignedPrekey,
    SignedPrekeySet,
)

ANNA = UUID("00000000-0000-4000-8000-00000000000a")
BELA = UUID("00000000-0000-4000-8000-00000000000b")
KEM = SignedPrekey(8, b"\x08mmm", b"t" * 64)
SIGNED = SignedPrekey(7, b"\x05" + b"k" * 32, b"s" * 64)

GOLDEN: list[tuple[Event, str]] = [
    (
        EnvelopeAccepted(
            user=ANNA,
            device=1,
            at=1_700_000_000_000,
            id=BELA,
            from_user=BELA,
            from_device=2,
            kind="message",
            body=b"\x33ciphertext",
        ),
        "99b1656e76656c6f70652e6163636570746564c4100000000000004000800000000000000a01cf0000018bcfe56800c4100000000000004000800000000000000bc4100000000000004000800000000000000b02a76d657373616765c40b3363697068657274657874",
    ),
    (
        EnvelopesAcknowledged(user=ANNA, device=1, at=1),
        "94b6656e76656c6f7065732e61636b6e6f776c6564676564c4100000000000004000800000000000000a0101",
    ),
    (
        EnvelopesExpired(user=ANNA, device=1, at=2, count=3),
        "95b1656e76656c6f7065732e65787069726564c4100000000000004000800000000000000a010203",
    ),
    (
        IdentitySet(
            user=ANNA,
            device=1,
            at=3,
            change="first",
            identity_key=b"\x05" + b"i" * 32,
            registration_id=9,
            signed_prekey=SIGNED,
        ),
        "99ac6964656e746974792e736574c4100000000000004000800000000000000a0103a56669727374c421056969696969696969696969696969696969696969696969696969696969696969099307c421056b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6bc44073737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373c0",
    ),
    (
        DeviceClosed(user=ANNA, device=1, at=4),
        "94ad6465766963652e636c6f736564c4100000000000004000800000000000000a0104",
    ),
    (
        PrekeysUploaded(user=ANNA, device=1, at=5, prekeys=(Prekey(1, b"\x05" + b"p" * 32),)),
        "96b07072656b6579732e75706c6f61646564c4100000000000004000800000000000000a0105919201c421057070707070707070707070707070707070707070707070707070707070707070c400",
    ),
    (
        SignedPrekeySet(user=ANNA, device=1, at=6, signed_prekey=SIGNED),
        "97ad7072656b65792e7369676e6564c4100000000000004000800000000000000a01069307c421056b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6bc44073737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373c0c400",
    ),
    (
        PrekeyTaken(user=ANNA, device=1, at=7, prekey_id=1),
        "95ac7072656b65792e74616b656ec4100000000000004000800000000000000a010701",
    ),
    (
        SignedPrekeySet(user=ANNA, device=1, at=6, signed_prekey=SIGNED, kem_prekey=KEM),
        "97ad7072656b65792e7369676e6564c4100000000000004000800000000000000a01069307c421056b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6bc440737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373739308c404086d6d6dc44074747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474c400",
    ),
    (
        KemPrekeysUploaded(user=ANNA, device=1, at=9, prekeys=(KEM,)),
        "96b46b656d5f7072656b6579732e75706c6f61646564c4100000000000004000800000000000000a0109919308c404086d6d6dc44074747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474c400",
    ),
    (
        KemPrekeyTaken(user=ANNA, device=1, at=10, prekey_id=8),
        "95b06b656d5f7072656b65792e74616b656ec4100000000000004000800000000000000a010a08",
    ),
    (
        BlobStored(user=ANNA, device=1, at=11, blob=b"b" * 32, digest=b"d" * 32, size=541, until=12),
        "98ab626c6f622e73746f726564c4100000000000004000800000000000000a010bc4206262626262626262626262626262626262626262626262626262626262626262c4206464646464646464646464646464646464646464646464646464646464646464cd021d0c",
    ),
    (
        BlobErased(user=ANNA, device=0, at=13, blob=b"b" * 32, digest=b"d" * 32, size=541),
        "97ab626c6f622e657261736564c4100000000000004000800000000000000a000dc4206262626262626262626262626262626262626262626262626262626262626262c4206464646464646464646464646464646464646464646464646464646464646464cd021d",
    ),
    (
        AccountDeleted(user=ANNA, device=1, at=8),
        "94af6163636f756e742e64656c65746564c4100000000000004000800000000000000a0108",
    ),
]


@pytest.mark.parametrize(("event", "golden"), GOLDEN, ids=lambda value: type(value).__name__)
def test_golden_bytes_decode_to_the_event_and_the_event_encodes_to_them(event: Event, golden: str) -> None:
    assert codec.decode(bytes.fromhex(golden)) == event
    assert codec.encode(event).hex() == golden


def test_every_kind_of_event_has_its_golden_bytes() -> None:
    covered = {type(event) for event, _ in GOLDEN}
    assert covered == set(Event.__subclasses__())


class IdentitySetBefore(msgspec.Struct, frozen=True, tag="identity.set", tag_field="t", array_like=True):
    """As it was before there were KEM prekeys."""

    user: UUID
    device: int
    at: int
    change: str
    identity_key: bytes
    registration_id: int
    signed_prekey: SignedPrekey


def test_a_reader_from_before_kem_prekeys_reads_an_identity_and_knows_none_of_the_new_kinds() -> None:
    events = [event for event, _ in GOLDEN]
    identity = msgspec.structs.replace(
        next(one for one in events if isinstance(one, IdentitySet)), kem_prekey=KEM
    )
    before = msgspec.msgpack.Decoder(IdentitySetBefore)
    assert before.decode(codec.encode(identity)) == IdentitySetBefore(
        ANNA, 1, 3, "first", b"\x05" + b"i" * 32, 9, SIGNED
    )
    for event in events:
        if isinstance(event, KemPrekeysUploaded | KemPrekeyTaken):
            with pytest.raises(msgspec.ValidationError):
                before.decode(codec.encode(event))
            assert codec.user_of({b"e": codec.encode(event)}) == ANNA, (
                "it is set aside, and erased with its user"
            )


def test_prekeys_name_their_identity_and_those_of_earlier_versions_name_none() -> None:
    for event, _ in GOLDEN:
        if isinstance(event, PrekeysUploaded | KemPrekeysUploaded | SignedPrekeySet):
            assert event.identity == b""
            own = msgspec.structs.replace(event, identity=b"\x05" + b"i" * 32)
            assert codec.decode(codec.encode(own)) == own


def test_a_field_of_a_later_version_is_ignored() -> None:
    fields = msgspec.msgpack.decode(codec.encode(GOLDEN[1][0]))
    later = msgspec.msgpack.encode([*fields, "teal"])
    assert codec.decode(later) == GOLDEN[1][0]


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", b"\x81\xa1t\xa4nope", b"\x91\xa4nope", b"\xff" * 20])
def test_foreign_bytes_are_a_typed_error(data: bytes) -> None:
    with pytest.raises(codec.UndecodableEntry):
        codec.decode(data)


def test_an_entry_is_an_event_and_its_number() -> None:
    event = GOLDEN[1][0]
    assert codec.decode_entry({b"e": codec.encode(event), b"n": b"12"}) == (event, 12)
    assert codec.decode_entry({b"e": codec.encode(event)}) == (event, 0)
    with pytest.raises(codec.UndecodableEntry):
        codec.decode_entry({b"n": b"12"})
    with pytest.raises(codec.UndecodableEntry):
        codec.decode_entry({b"e": codec.encode(event), b"n": b"twelve"})


def test_a_refusal_by_a_limit_survives_the_round_trip() -> None:
    refused = Refused(user=ANNA, limit="messages", at=5)
    assert codec.decode_refused(codec.encode(refused)) == refused
    with pytest.raises(codec.UndecodableEntry):
        codec.decode_refused(b"nothing")
