"""Contacts: finding a user by name and fingerprint together, never by one of them.

Invariant: for someone without the fingerprint, a name that does not exist and one that does look
alike: the same answer after the same work.
"""

from typing import Final

from relay.database import Connection
from relay.identity.accounts import canonical
from schema.refusals import Refusal
from schema.signal import read_fingerprint
from schema.wire_http import Contact

SELECT: Final = """
    SELECT user_id, username, identity_key, fingerprint, until IS NULL
      FROM users JOIN identities USING (user_id)
     WHERE username = %(username)s AND (fingerprint = %(fingerprint)s OR until IS NULL)
"""
SELECT_PRESENT: Final = """
    SELECT identity_key FROM identities WHERE user_id = %s AND until IS NULL
"""


async def find(connection: Connection, username: str, fingerprint: str) -> Contact:
    """The user of that name whose present identity key has that fingerprint.

    Raises Refusal not_found, or identity_changed (with the present key) if the fingerprint was theirs.
    """
    wanted = read_fingerprint(fingerprint) or ""
    arguments = {"username": canonical(username), "fingerprint": wanted}
    rows = await (await connection.execute(SELECT, arguments)).fetchall()
    present = next((row for row in rows if row[4]), None)
    was_theirs = any(row[3] == wanted for row in rows)
    if present is None or not was_theirs:
        raise _nobody()
    user_id, name, identity_key, present_fingerprint, _ = present
    if present_fingerprint != wanted:
        raise changed(bytes(identity_key))
    return Contact(user_id, name, bytes(identity_key))


async def confirm(connection: Connection, contact: Contact) -> None:
    """Raises Refusal identity_changed, or not_found, unless the user still has this identity key."""
    row = await (await connection.execute(SELECT_PRESENT, (contact.user_id,))).fetchone()
    if row is None:
        raise _nobody()
    if bytes(row[0]) != contact.identity_key:
        raise changed(bytes(row[0]))


def changed(identity_key: bytes) -> Refusal:
    """The refusal of a fingerprint that was the user's before; it carries the present key."""
    detail = "The identity key behind this fingerprint was replaced."
    return Refusal("identity_changed", detail, identity_key=identity_key)


def _nobody() -> Refusal:
    return Refusal("not_found", "There is nobody with that name and fingerprint.")
