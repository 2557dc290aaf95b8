"""Keys, their text, and XEdDSA verification against libsignal's own published vector."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import signal

# libsignal, Curve25519 test "signature": identity key, signed ephemeral key, signature.
IDENTITY = bytes.fromhex("05ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64")
EPHEMERAL = bytes.fromhex("05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a")
SIGNATURE = bytes.fromhex(
    "5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfb"
    "ede82deb9dcd9fae0bfbb821569b3d9001bd8130cd11d486cef047bd60b86e88"
)


def test_libsignals_signature_is_good() -> None:
    assert signal.signature_is_good(IDENTITY, EPHEMERAL, SIGNATURE)


@pytest.mark.parametrize("place", range(64))
def test_a_signature_with_one_changed_byte_is_not(place: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[place] ^= 0x01
    assert not signal.signature_is_good(IDENTITY, EPHEMERAL, bytes(changed))


def test_a_signature_over_another_key_or_by_another_identity_is_not() -> None:
    assert not signal.signature_is_good(IDENTITY, IDENTITY, SIGNATURE)
    assert not signal.signature_is_good(EPHEMERAL, EPHEMERAL, SIGNATURE)
    assert not signal.signature_is_good(IDENTITY, EPHEMERAL, SIGNATURE[:63])


@given(st.binary(min_size=33, max_size=33), st.binary(max_size=40), st.binary(min_size=64, max_size=64))
def test_random_bytes_are_never_a_signature_and_never_an_error(
    key: bytes, message: bytes, made_up: bytes
) -> None:
    assert not signal.signature_is_good(key, message, made_up)


@pytest.mark.parametrize("u", [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18])
def test_threat_10_low_order_points_are_refused(u: int) -> None:
    with pytest.raises(signal.BadKey, match="low-order"):
        signal.check_key(b"\x05" + u.to_bytes(32, "little"))


def is_taken(key: bytes) -> bool:
    try:
        signal.check_key(key)
    except signal.BadKey:
        return False
    return True


@pytest.mark.parametrize("key", [b"", b"\x05" * 32, b"\x05" * 34, b"\x04" + b"\x09" * 32])
def test_keys_of_the_wrong_form_are_refused(key: bytes) -> None:
    assert not is_taken(key)


def test_a_good_key_passes_and_is_refused_with_another_type_or_length() -> None:
    assert is_taken(IDENTITY)
    assert not is_taken(b"\x08" + IDENTITY[1:])
    assert not is_taken(IDENTITY[:-1])
    assert not is_taken(IDENTITY + b"\0")


def test_the_text_of_a_key_is_53_crockford_characters_and_ends_in_the_fingerprint() -> None:
    text = signal.key_text(IDENTITY)
    assert len(text) == 53
    assert not set(text) & set("ILOU")
    assert signal.fingerprint(IDENTITY) == text[-8:]


def test_the_text_is_plain_base32_in_crockfords_alphabet() -> None:
    from base64 import b32encode

    standard = b32encode(IDENTITY).decode().rstrip("=")
    crockford = standard.translate(
        str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    )
    assert signal.key_text(IDENTITY) == crockford


def test_a_typed_fingerprint_is_read_in_either_case_and_with_look_alikes() -> None:
    assert signal.read_fingerprint("il0oabcd") == "1100ABCD"
    assert signal.read_fingerprint("ABCDEFG") is None
    assert signal.read_fingerprint("ABCDEFGU") is None
