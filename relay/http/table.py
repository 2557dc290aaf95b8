"""The HTTP contract as one table: the routes and the published document are both made from it."""

from typing import Final

from relay.http import accounts, blobs, contacts, health, keys, linking, sessions
from relay.http.calls import Route
from schema import wire_http as wire

_BY_CODE: Final = "/{username}/{fingerprint}"
_PEOPLE: Final = ("not_found", "identity_changed", "rate_limited")

_LINK: Final = "/v1/links/{link_id}"
_BLOB: Final = "/v1/blobs/{blob_id}"
_TUS: Final = (("Tus-Resumable", "1.0.0."),)
_SIZE: Final = ("Upload-Length", "Bytes of the whole file.")
_OFFSET: Final = ("Upload-Offset", "Where the body goes on, in bytes.")

ROUTES: Final = (
    Route(
        "POST", "/v1/accounts", accounts.register, wire.Registration, wire.Session, (201,),
        ("username_taken", "invalid", "rate_limited"), access=False,
    ),
    Route(
        "POST", "/v1/sessions", sessions.log_in, wire.LogIn, wire.Session, (200,),
        ("bad_credentials", "rate_limited"), access=False,
    ),
    Route(
        "POST", "/v1/sessions/refresh", sessions.exchange, wire.Refresh, wire.Session, (200,),
        ("token_expired", "token_reused", "rate_limited"), access=False,
    ),
    Route("GET", "/v1/sessions", sessions.list_sessions, answer=list[wire.SessionEntry]),
    Route("DELETE", "/v1/sessions/current", sessions.end_current, statuses=(204,), codes=("not_found",)),
    Route(
        "DELETE", "/v1/sessions/{session_id}", sessions.end_session, statuses=(204,), codes=("not_found",)
    ),
    Route(
        "PUT", "/v1/account/password", accounts.change_password, wire.PasswordChange, statuses=(204,),
        codes=("bad_credentials", "rate_limited"),
    ),
    Route(
        "DELETE", "/v1/account", accounts.delete_account, wire.AccountDeletion, statuses=(204,),
        codes=("bad_credentials", "rate_limited"),
    ),
    Route(
        "PUT", "/v1/keys", keys.publish, wire.KeysUpload, wire.Published,
        codes=("identity_conflict", "bad_signature", "rate_limited"),
    ),
    Route(
        "PUT", "/v1/keys/signed", keys.set_signed_prekey, wire.SignedPrekeyChange, statuses=(204,),
        codes=("bad_signature", "device_inactive", "rate_limited"),
    ),
    Route(
        "POST", "/v1/keys/prekeys", keys.add_prekeys, wire.PrekeysUpload, wire.Available,
        codes=("device_inactive", "rate_limited"),
    ),
    Route(
        "POST", "/v1/keys/kem", keys.add_kem_prekeys, wire.KemPrekeysUpload, wire.Available,
        codes=("bad_signature", "device_inactive", "rate_limited"),
    ),
    Route("GET", "/v1/keys", keys.own_keys, answer=wire.OwnKeys, codes=("device_inactive",)),
    Route("DELETE", "/v1/devices/{device_id}", keys.close_device, statuses=(204,), codes=("not_found",)),
    Route(
        "POST", "/v1/devices/grants", linking.grant_device, wire.GrantRequest, wire.Grant, (201,),
        ("bad_credentials", "rate_limited"),
    ),
    Route(
        "POST", "/v1/links", linking.open_link, answer=wire.Link, statuses=(201,), codes=("rate_limited",),
        access=False,
    ),
    Route(
        "GET", _LINK, linking.read_link, answer=wire.LinkLetter, statuses=(200, 304),
        codes=("not_found", "rate_limited"),
        access=False, seconds=linking.READ_SECONDS,
        headers=(("If-None-Match", "An ETag: waits up to 25 seconds for another."),),
    ),
    Route(
        "PUT", _LINK, linking.write_link, wire.LinkBody, statuses=(204,), codes=("not_found", "conflict"),
        access=False, headers=(("If-Match", "The ETag of what is replaced."),),
    ),
    Route("GET", f"/v1/contacts{_BY_CODE}", contacts.look_up, answer=wire.Contact, codes=_PEOPLE),
    Route(
        "GET", f"/v1/bundles{_BY_CODE}", contacts.bundle, answer=wire.Bundle, codes=(*_PEOPLE, "invalid"),
        query=(("devices", "Only these devices: numbers, separated by commas."),),
    ),
    Route("GET", "/v1/receipts/keys", keys.receipt_keys, answer=list[wire.ReceiptKey], access=False),
    Route(
        "OPTIONS", "/v1/blobs", blobs.announce, statuses=(204,), codes=("not_found",), access=False, raw=True,
        always=blobs.ALWAYS,
    ),
    Route(
        "POST", "/v1/blobs", blobs.create, statuses=(201,), raw=True, headers=(_SIZE, *_TUS),
        codes=("too_large", "storage_full", "rate_limited", "not_found", "invalid"), invalid_statuses=(412,),
        always=blobs.ALWAYS,
    ),
    Route(
        "HEAD", _BLOB, blobs.look, raw=True, codes=("not_found", "rate_limited", "invalid"), headers=_TUS,
        invalid_statuses=(412,),
        always=blobs.ALWAYS,
    ),
    Route(
        "PATCH", _BLOB, blobs.receive, statuses=(204,), raw=True, media=blobs.UPLOAD_TYPE,
        codes=("not_found", "offset_mismatch", "too_large", "rate_limited", "invalid"),
        headers=(_OFFSET, *_TUS), invalid_statuses=(408, 412, 415), always=blobs.ALWAYS,
    ),
    Route(
        "DELETE", _BLOB, blobs.give_up, statuses=(204,), raw=True, codes=("not_found", "invalid"),
        headers=_TUS, invalid_statuses=(412,),
        always=blobs.ALWAYS,
    ),
    Route(
        "GET", _BLOB, blobs.download, statuses=(200, 206), raw=True, access=False,
        codes=("not_found", "rate_limited"), invalid_statuses=(416,),
        headers=(("Range", "One range: `bytes=FIRST-LAST`."),),
    ),
    Route("GET", "/healthz", health.healthy, answer=wire.Health, statuses=(200, 503), access=False),
    Route(
        "GET", "/readyz", health.ready, answer=wire.Health, statuses=(200, 503), codes=("rate_limited",),
        access=False,
    ),
)  # fmt: skip
