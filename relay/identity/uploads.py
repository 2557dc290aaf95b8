"""Judging uploaded keys: form, low-order points, signatures, ids. Pure."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from schema.events import Prekey, SignedPrekey
from schema.refusals import Refusal, invalid
from schema.signal import BadKey, check_kem_key, check_key, signature_is_good
from schema.wire_http import KemPrekeyUpload, PrekeyUpload, SignedPrekeyOut, SignedPrekeyUpload

AnyPrekey = TypeVar("AnyPrekey", Prekey, SignedPrekey)


def identity(key: bytes) -> bytes:
    """The identity key. Raises Refusal invalid."""
    _check(key, "$.identity_key")
    return key


def signed_prekey(upload: SignedPrekeyUpload, identity_key: bytes) -> SignedPrekey:
    """The signed prekey. Raises Refusal invalid, or bad_signature."""
    _check(upload.key, "$.signed_prekey.key")
    return _signed(upload, identity_key, "$.signed_prekey")


def prekeys(uploads: list[PrekeyUpload]) -> list[Prekey]:
    """The one-time prekeys. Raises Refusal invalid, also when an id comes twice."""
    for place, upload in enumerate(uploads):
        _check(upload.key, f"$.prekeys[{place}].key")
    _check_ids(uploads, "$.prekeys")
    return [Prekey(upload.id, upload.key) for upload in uploads]


def kem_prekey(upload: KemPrekeyUpload | None, identity_key: bytes) -> SignedPrekey | None:
    """The last-resort KEM prekey. Raises Refusal invalid, or bad_signature."""
    return None if upload is None else _kem_prekey(upload, identity_key, "$.kem_prekey")


def kem_prekeys(
    uploads: list[KemPrekeyUpload],
    identity_key: bytes,
    path: str,
    last_resort: SignedPrekey | SignedPrekeyOut | None,
) -> list[SignedPrekey]:
    """The one-time KEM prekeys of a device with that last resort. Raises Refusal invalid,
    also when an id comes twice or there is no last resort, or bad_signature."""
    if uploads and last_resort is None:
        raise invalid(path, "One-time KEM prekeys need a last resort: publish it as kem_prekey.")
    _check_ids(uploads, path)
    for place, upload in enumerate(uploads):
        if last_resort is not None and upload.id == last_resort.id:
            raise invalid(f"{path}[{place}].id", "The id is the last resort's.")
    return [_kem_prekey(upload, identity_key, f"{path}[{place}]") for place, upload in enumerate(uploads)]


def unused(offered: list[AnyPrekey], stored: dict[int, bytes | None]) -> list[AnyPrekey]:
    """The prekeys whose ids the device never used. Raises Refusal invalid if there are others.

    `stored`: id → the key that waits, or None once it was handed out.
    """
    for place, prekey in enumerate(offered):
        if prekey.id in stored:
            raise invalid(f"$.prekeys[{place}].id", "This device has used the id before.")
    return offered


def not_yet_stored(
    offered: list[AnyPrekey], stored: dict[int, bytes | None], path: str = "$.prekeys"
) -> list[AnyPrekey]:
    """What remains to be stored when the same upload comes again. Raises Refusal invalid for an id that
    waits with another key."""
    for place, prekey in enumerate(offered):
        if stored.get(prekey.id) not in (None, prekey.key):
            raise invalid(f"{path}[{place}].id", "This device has used the id before.")
    return [prekey for prekey in offered if prekey.id not in stored]


def without_waiting(stored: dict[int, bytes | None]) -> dict[int, bytes | None]:
    """What remains of `stored` when another identity takes over: prekeys that wait go with the old one,
    only the marks of those handed out stay."""
    return {number: key for number, key in stored.items() if key is None}


def _kem_prekey(upload: KemPrekeyUpload, identity_key: bytes, path: str) -> SignedPrekey:
    _check(upload.key, f"{path}.key", check_kem_key)
    return _signed(upload, identity_key, path)


def _signed(upload: SignedPrekeyUpload | KemPrekeyUpload, identity_key: bytes, path: str) -> SignedPrekey:
    if not signature_is_good(identity_key, upload.key, upload.signature):
        raise Refusal("bad_signature", f"The signature of {path} does not fit the identity key.")
    return SignedPrekey(upload.id, upload.key, upload.signature)


def _check_ids(uploads: Sequence[PrekeyUpload | KemPrekeyUpload], path: str) -> None:
    seen: set[int] = set()
    for place, upload in enumerate(uploads):
        if upload.id in seen:
            raise invalid(f"{path}[{place}].id", "The id comes twice.")
        seen.add(upload.id)


def _check(key: bytes, path: str, check: Callable[[bytes], None] = check_key) -> None:
    try:
        check(key)
    except BadKey as error:
        raise invalid(path, f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
