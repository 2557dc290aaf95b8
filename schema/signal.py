"""What the relay must know of Signal's keys: their form, their text, and XEdDSA verification.

Sources: Signal, "The XEdDSA and VXEdDSA Signature Schemes" (verification, section 2.5);
RFC 7748 (X25519, low-order points); Crockford, "Base32".
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_BYTES: Final = 33
KEY_TYPE: Final = 0x05
KEM_KEY_BYTES: Final = 1569
KEM_KEY_TYPE: Final = 0x08
"""Kyber-1024, round 3, as libsignal serialises it."""
SIGNATURE_BYTES: Final = 64
FINGERPRINT_CHARACTERS: Final = 8

_P: Final = 2**255 - 19
_LOW_ORDER: Final = frozenset(
    {
        0,
        1,
        _P - 1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS: Final = str.maketrans("ILO", "110")


class BadKey(ValueError):
    """Not a public key that may be used; the text says why."""


def check_key(key: bytes) -> None:
    """Raises BadKey unless `key` is 33 bytes, type 0x05, and not a low-order point."""
    if len(key) != KEY_BYTES:
        raise BadKey(f"a key is {KEY_BYTES} bytes, not {len(key)}")
    if key[0] != KEY_TYPE:
        raise BadKey(f"a key begins with 0x{KEY_TYPE:02x}, not 0x{key[0]:02x}")
    if _montgomery_u(key) in _LOW_ORDER:
        raise BadKey("the key is a low-order point")


def check_kem_key(key: bytes) -> None:
    """Raises BadKey unless `key` is 1,569 bytes, type 0x08. What is inside, its device answers for: the
    identity key signed it."""
    if len(key) != KEM_KEY_BYTES:
        raise BadKey(f"a KEM key is {KEM_KEY_BYTES} bytes, not {len(key)}")
    if key[0] != KEM_KEY_TYPE:
        raise BadKey(f"a KEM key begins with 0x{KEM_KEY_TYPE:02x}, not 0x{key[0]:02x}")


def signature_is_good(identity_key: bytes, message: bytes, signature: bytes) -> bool:
    """XEdDSA verification of `signature` (64 bytes) over `message` by `identity_key` (33 bytes).

    The X25519 public key is mapped to the Edwards curve, y = (u - 1) / (u + 1); as in libsignal,
    the sign of x is carried in the top bit of the signature's last byte.
    """
    if len(signature) != SIGNATURE_BYTES or len(identity_key) != KEY_BYTES:
        return False
    u = _montgomery_u(identity_key)
    if u == _P - 1:
        return False
    y = (u - 1) * pow(u + 1, -1, _P) % _P
    edwards = bytearray(y.to_bytes(32, "little"))
    edwards[31] |= signature[63] & 0x80
    plain = signature[:63] + bytes([signature[63] & 0x7F])
    try:
        Ed25519PublicKey.from_public_bytes(bytes(edwards)).verify(plain, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_text(key: bytes) -> str:
    """The key's text: Crockford base32, 53 characters for 33 bytes, upper case, no padding."""
    length = -(-len(key) * 8 // 5)
    value = int.from_bytes(key, "big") << (length * 5 - len(key) * 8)
    return "".join(_ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(length)))


def fingerprint(key: bytes) -> str:
    """The last eight characters of the key's text."""
    return key_text(key)[-FINGERPRINT_CHARACTERS:]


def read_fingerprint(text: str) -> str | None:
    """A fingerprint as typed, in its canonical form (either case; I and L are 1, O is 0), or None."""
    canonical = text.upper().translate(_READ_AS)
    if len(canonical) != FINGERPRINT_CHARACTERS or not set(canonical) <= set(_ALPHABET):
        return None
    return canonical


def _montgomery_u(key: bytes) -> int:
    return int.from_bytes(key[1:], "little") % 2**255 % _P
