"""`restore-log-heads`: an empty log goes on with what the database has.

From the database come the directory (identities, active and closed devices), heads, cursors and floors; the
envelopes that wait are delivered from it as before. Nothing is known of what the lost log had accepted and
the database had not read, and numbers are given from the database's heads on: so some are given for a second
time, which clients bear because the log has a new id.
"""

from collections.abc import Callable
from typing import Any

from ops.errors import OperatorError
from ops.log_repair import directory, settling, survey
from schema import log_identity
from schema.log_identity import RESTORE, Begin
from schema.positions import START, Position

Ask = Callable[[list[str]], None]
"""Shows the lines and returns if the operator agrees; else raises."""


async def restore(log_client: Any, begin: Begin, partitions: int, ask: Ask) -> str:
    """One sentence on what was done. Raises OperatorError, and errors of `ask`; then nothing changed."""
    recorded, found, checkpoints = await log_identity.look(log_client, begin, partitions)
    again = found.repair == RESTORE
    if not again and (not found.is_empty or await _has_users(log_client)):
        raise OperatorError(
            "The log is not empty, so nothing was changed. `sealstream replay adopt-log` joins a log and a "
            "database that do not belong together."
        )
    count = await survey.count(begin)
    _check(checkpoints, partitions, count.accounts)
    newest = max(checkpoints.values(), default=START)
    since = f"after {survey.moment(newest)}" if newest != START else "ever"
    ask(
        [
            (
                f"The log is empty. From the database come {count.accounts} accounts, their {count.devices} "
                f"active devices, and {count.waiting} messages that wait for them."
            ),
            (
                f"Lost is what the log accepted {since}, the last that the database has read, and was not "
                "delivered before the log was lost. How much that is, nobody can say."
            ),
            "Lost is the history of deliveries: an audit begins with the new log.",
            f"{count.prekeys} one-time prekeys are retired; every device uploads new ones when it connects.",
        ]
    )
    everything = range(partitions)
    await settling.begin_repair(log_client, RESTORE)
    async with begin() as connection:
        await directory.lift(connection, log_client, partitions, everything)
    await settling.go_on_behind(
        log_client, checkpoints, everything, None if recorded is None else recorded.log_id
    )
    await settling.retire_prekeys(begin, log_client, partitions)
    log_id = await settling.finish(begin, log_client, partitions, {})
    return f"The log has {count.devices} devices and a new id, {log_id}. Start the relay."


async def _has_users(log_client: Any) -> bool:
    async for _ in log_client.scan_iter(match="{*}:user:*", count=1000):
        return True
    return False


def _check(checkpoints: dict[int, Position], partitions: int, accounts: int) -> None:
    if not accounts:
        raise OperatorError(
            "The database has no accounts, so nothing was changed: restore a backup of it first, or start "
            "anew with both empty."
        )
    before = max(checkpoints, default=partitions - 1) + 1
    if before != partitions:
        raise OperatorError(
            f"The lost log had {before} partitions, the setting says {partitions}; nothing was changed. Set "
            f"SEALSTREAM_PARTITIONS={before}."
        )
