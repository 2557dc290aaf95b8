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
        "89a174b1656e76656c6f70652e6163636570746564a475736572c4100000000000004000800000000000000aa664657669636501a26174cf0000018bcfe56800a26964c4100000000000004000800000000000000ba966726f6d5f75736572c4100000000000004000800000000000000bab66726f6d5f64657669636502a46b696e64a76d657373616765a4626f6479c40b3363697068657274657874",
    ),
    (
        EnvelopesAcknowledged(user=ANNA, device=1, at=1),
        "84a174b6656e76656c6f7065732e61636b6e6f776c6564676564a475736572c4100000000000004000800000000000000aa664657669636501a2617401",
    ),
    (
        EnvelopesExpired(user=ANNA, device=1, at=2, count=3),
        "85a174b1656e76656c6f7065732e65787069726564a475736572c4100000000000004000800000000000000aa664657669636501a2617402a5636f756e7403",
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
        "88a174ac6964656e746974792e736574a475736572c4100000000000004000800000000000000aa664657669636501a2617403a66368616e6765a56669727374ac6964656e746974795f6b6579c421056969696969696969696969696969696969696969696969696969696969696969af726567697374726174696f6e5f696409ad7369676e65645f7072656b657983a2696407a36b6579c421056b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6ba97369676e6174757265c44073737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373",
    ),
    (
        DeviceClosed(user=ANNA, device=1, at=4),
        "84a174ad6465766963652e636c6f736564a475736572c4100000000000004000800000000000000aa664657669636501a2617404",
    ),
    (
        PrekeysUploaded(user=ANNA, device=1, at=5, prekeys=(Prekey(1, b"\x05" + b"p" * 32),)),
        "85a174b07072656b6579732e75706c6f61646564a475736572c4100000000000004000800000000000000aa664657669636501a2617405a77072656b6579739182a2696401a36b6579c421057070707070707070707070707070707070707070707070707070707070707070",
    ),
    (
        SignedPrekeySet(user=ANNA, device=1, at=6, signed_prekey=SIGNED),
        "85a174ad7072656b65792e7369676e6564a475736572c4100000000000004000800000000000000aa664657669636501a2617406ad7369676e65645f7072656b657983a2696407a36b6579c421056b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6ba97369676e6174757265c44073737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373",
    ),
    (
        PrekeyTaken(user=ANNA, device=1, at=7, prekey_id=1),
        "85a174ac7072656b65792e74616b656ea475736572c4100000000000004000800000000000000aa664657669636501a2617407a97072656b65795f696401",
    ),
    (
        SignedPrekeySet(user=ANNA, device=1, at=6, signed_prekey=SIGNED, kem_prekey=KEM),
        "86a174ad7072656b65792e7369676e6564a475736572c4100000000000004000800000000000000aa664657669636501a2617406ad7369676e65645f7072656b657983a2696407a36b6579c421056b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6ba97369676e6174757265c44073737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373737373aa6b656d5f7072656b657983a2696408a36b6579c404086d6d6da97369676e6174757265c44074747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474",
    ),
    (
        KemPrekeysUploaded(user=ANNA, device=1, at=9, prekeys=(KEM,)),
        "85a174b46b656d5f7072656b6579732e75706c6f61646564a475736572c4100000000000004000800000000000000aa664657669636501a2617409a77072656b6579739183a2696408a36b6579c404086d6d6da97369676e6174757265c44074747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474747474",
    ),
    (
        KemPrekeyTaken(user=ANNA, device=1, at=10, prekey_id=8),
        "85a174b06b656d5f7072656b65792e74616b656ea475736572c4100000000000004000800000000000000aa664657669636501a261740aa97072656b65795f696408",
    ),
    (
        BlobStored(user=ANNA, device=1, at=11, blob=b"b" * 32, digest=b"d" * 32, size=541, until=12),
        "88a174ab626c6f622e73746f726564a475736572c4100000000000004000800000000000000aa664657669636501a261740ba4626c6f62c4206262626262626262626262626262626262626262626262626262626262626262a6646967657374c4206464646464646464646464646464646464646464646464646464646464646464a473697a65cd021da5756e74696c0c",
    ),
    (
        BlobErased(user=ANNA, device=0, at=13, blob=b"b" * 32, digest=b"d" * 32, size=541),
        "87a174ab626c6f622e657261736564a475736572c4100000000000004000800000000000000aa664657669636500a261740da4626c6f62c4206262626262626262626262626262626262626262626262626262626262626262a6646967657374c4206464646464646464646464646464646464646464646464646464646464646464a473697a65cd021d",
    ),
    (
        AccountDeleted(user=ANNA, device=1, at=8),
        "84a174af6163636f756e742e64656c65746564a475736572c4100000000000004000800000000000000aa664657669636501a2617408",
    ),
]


@pytest.mark.parametrize(("event", "golden"), GOLDEN, ids=lambda value: type(value).__name__)
def test_golden_bytes_decode_to_the_event_and_the_event_encodes_to_them(event: Event, golden: str) -> None:
    assert codec.decode(bytes.fromhex(golden)) == event
    assert codec.encode(event).hex() == golden


def test_every_kind_of_event_has_its_golden_bytes() -> None:
    covered = {type(event) for event, _ in GOLDEN}
    assert covered == set(Event.__subclasses__())


def test_keys_of_a_device_without_kem_keys_are_written_as_before_there_were_any() -> None:
    names = {"t", "user", "device", "at", "signed_prekey"}
    event = SignedPrekeySet(user=ANNA, device=1, at=6, signed_prekey=SIGNED)
    assert msgspec.msgpack.decode(codec.encode(event)).keys() == names
    identity = msgspec.structs.replace(
        next(one for one, _ in GOLDEN if isinstance(one, IdentitySet)), kem_prekey=KEM
    )
    assert codec.decode(codec.encode(identity)) == identity


class IdentitySetBefore(msgspec.Struct, frozen=True, tag="identity.set", tag_field="t"):
    """As it was before there were KEM prekeys."""

    user: UUID
    change: str
    signed_prekey: SignedPrekey


def test_a_reader_from_before_kem_prekeys_reads_an_identity_and_knows_none_of_the_new_kinds() -> None:
    events = [event for event, _ in GOLDEN]
    identity = msgspec.structs.replace(
        next(one for one in events if isinstance(one, IdentitySet)), kem_prekey=KEM
    )
    before = msgspec.msgpack.Decoder(IdentitySetBefore)
    assert before.decode(codec.encode(identity)) == IdentitySetBefore(ANNA, "first", SIGNED)
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
    later = msgspec.msgpack.encode({**fields, "colour": "teal"})
    assert codec.decode(later) == GOLDEN[1][0]


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", b"\x81\xa1t\xa4nope", b"\xff" * 20])
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
