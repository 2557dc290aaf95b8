"""Deletes chosen entries from the quarantine."""

from typing import Any, Final

from ops.errors import OperatorError
from ops.quarantine.listing import Listed
from schema import keys
from workers import quarantine

ACCOUNTS: Final = frozenset(
    {
        *("identity.set", "device.closed", "account.deleted", "prekey.signed"),
        *("prekeys.uploaded", "prekey.taken", "kem_prekeys.uploaded", "kem_prekey.taken"),
    }
)
"""The directory has them already, whatever becomes of their projection."""
NAMED: Final = 5


async def drop(log_client: Any, wanted: list[Listed]) -> None:
    """Deletes every double of each; one that is gone by now is no matter."""
    for one in wanted:
        await quarantine.drop(log_client, one.row.partition, one.entries)


def check(wanted: list[Listed]) -> None:
    """Raises OperatorError for what must not be lost: without it the database and the directory would
    differ for ever, and a device of that account could not be written to, or still be written to."""
    kept = [
        f"{one.row.entry} ({one.row.event})"
        for one in wanted
        if keys.PROJECTOR in one.row.groups and one.row.event in ACCOUNTS
    ]
    if kept:
        more = f" and {len(kept) - NAMED} more" if len(kept) > NAMED else ""
        raise OperatorError(
            f"These entries change an account and cannot be dropped: {', '.join(kept[:NAMED])}{more}. "
            "Nothing was dropped. Repair what made them fail and use `sealstream quarantine retry`, or "
            "delete the account with `sealstream users delete`."
        )
