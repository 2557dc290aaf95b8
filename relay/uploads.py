"""Judging uploaded keys: form, low-order points, signatures, ids. Pure."""

from schema.events import Prekey, SignedPrekey
from schema.refusals import Refusal, invalid
from schema.signal import BadKey, check_key, signature_is_good
from schema.wire_http import PrekeyUpload, SignedPrekeyUpload


def identity(key: bytes) -> bytes:
    """The identity key. Raises Refusal invalid."""
    _check(key, "$.identity_key")
    return key


def signed_prekey(upload: SignedPrekeyUpload, identity_key: bytes) -> SignedPrekey:
    """The signed prekey. Raises Refusal invalid, or bad_signature."""
    _check(upload.key, "$.signed_prekey.key")
    if not signature_is_good(identity_key, upload.key, upload.signature):
        raise Refusal("bad_signature", "The signature does not fit the identity key.")
    return SignedPrekey(upload.id, upload.key, upload.signature)


def prekeys(uploads: list[PrekeyUpload]) -> list[Prekey]:
    """The one-time prekeys. Raises Refusal invalid, also when an id comes twice."""
    seen: set[int] = set()
    for place, upload in enumerate(uploads):
        _check(upload.key, f"$.prekeys[{place}].key")
        if upload.id in seen:
            raise invalid(f"$.prekeys[{place}].id", "The id comes twice.")
        seen.add(upload.id)
    return [Prekey(upload.id, upload.key) for upload in uploads]


def unused(offered: list[Prekey], stored: dict[int, bytes | None]) -> list[Prekey]:
    """The prekeys whose ids the device never used. Raises Refusal invalid if there are others.

    `stored`: id → the key that waits, or None once it was handed out.
    """
    for place, prekey in enumerate(offered):
        if prekey.id in stored:
            raise invalid(f"$.prekeys[{place}].id", "This device has used the id before.")
    return offered


def not_yet_stored(offered: list[Prekey], stored: dict[int, bytes | None]) -> list[Prekey]:
    """What remains to be stored when the same upload comes again. Raises Refusal invalid for an id that
    waits with another key."""
    for place, prekey in enumerate(offered):
        if stored.get(prekey.id) not in (None, prekey.key):
            raise invalid(f"$.prekeys[{place}].id", "This device has used the id before.")
    return [prekey for prekey in offered if prekey.id not in stored]


def without_waiting(stored: dict[int, bytes | None]) -> dict[int, bytes | None]:
    """What remains of `stored` when another identity takes over: prekeys that wait go with the old one,
    only the marks of those handed out stay."""
    return {number: key for number, key in stored.items() if key is None}


def _check(key: bytes, path: str) -> None:
    try:
        check_key(key)
    except BadKey as error:
        raise invalid(path, f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
