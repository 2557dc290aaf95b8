"""The tests' own signer agrees with the verifier and with the library's X25519."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from schema import signal
from tests.support.signal_keys import KeyPair


def test_the_public_key_is_x25519s() -> None:
    pair = KeyPair()
    public = X25519PrivateKey.from_private_bytes(pair.private).public_key().public_bytes_raw()
    assert pair.public == b"\x05" + public


def test_signatures_verify_whatever_the_sign_of_the_key() -> None:
    for _ in range(8):
        pair = KeyPair()
        signature = pair.sign(b"message")
        assert signal.signature_is_good(pair.public, b"message", signature)
        assert not signal.signature_is_good(pair.public, b"another", signature)
