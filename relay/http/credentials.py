"""Proving a password: counted before it is looked at, forgiven when it fits.

Invariant: at most the allowed number of attempts per user name and window can fail, however many come
at once; and a name that does not exist is treated in every respect like one that does.
"""

import hashlib
import secrets
from typing import Final

from relay.accounts import Account
from relay.parts import Parts
from schema.limits import FAILED_LOGINS
from schema.refusals import Refusal

SUBJECT_BYTES: Final = 16


async def prove(parts: Parts, username: str, account: Account | None, password: str) -> None:
    """Returns when `password` is the account's.

    Raises Refusal bad_credentials, rate_limited (too many failed) or unavailable.
    """
    subject = hashlib.blake2b(username.lower().encode(), digest_size=SUBJECT_BYTES).hexdigest()
    attempt = secrets.token_hex(8)
    await parts.limits.admit(FAILED_LOGINS, subject, id=attempt)
    try:
        fits = await parts.passwords.verify(password, account and account.password_hash)
    except Refusal:
        await parts.limits.forgive(FAILED_LOGINS, subject, id=attempt)
        raise
    if not fits:
        raise Refusal("bad_credentials")
    await parts.limits.forgive(FAILED_LOGINS, subject, id=attempt)
