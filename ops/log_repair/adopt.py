"""`adopt-log`: a log and a database that do not belong together go on as a pair.

Which of the two lags is worked out for each partition, by the place up to which the database has read it:

- **The log lags** (it ends before that place): the directory is lifted to what the database says, and new
  entries come behind the place. What the log lacks was projected already.
- **The database lags** (the log goes on behind that place): the directory stays, and the projector reads on
  from there. Accounts made since are not in any log: what is left of them is named.
- **Neither**: the directory stays.

Where entries were trimmed that the database has not read, it goes on without them.
"""

from typing import Any

from ops.errors import OperatorError
from ops.log_repair import directory, settling, survey
from ops.log_repair.restore import Ask
from schema import log_identity
from schema.log_identity import ADOPT, RESTORE, Begin, Found
from schema.positions import START, Position


async def adopt(log_client: Any, begin: Begin, partitions: int, ask: Ask) -> str:
    """One sentence on what was done. Raises OperatorError, and errors of `ask`; then nothing changed."""
    recorded, found, checkpoints = await log_identity.look(log_client, begin, partitions)
    if found.repair != ADOPT:
        if found.repair is not None:
            raise OperatorError(f"`sealstream replay {found.repair}` was interrupted: run that again.")
        if log_identity.why_unfit(recorded, found, checkpoints) is None:
            return "The log and the database belong together. Nothing was changed: start the relay."
        if found.is_empty:
            raise OperatorError(f"The log is empty; nothing was changed. Run `sealstream replay {RESTORE}`.")
    count = await survey.count(begin)
    listing = await survey.listing(begin, log_client, partitions)
    if not listing.known and (listing.unknown or not count.accounts):
        raise OperatorError(
            f"None of the {listing.unknown} users in this log has an account in this database ("
            f"{count.accounts} accounts): they never belonged together. Nothing was changed."
        )
    lagging = lags(found, checkpoints)
    unread = await survey.unread(log_client, checkpoints, listing.mailboxes, partitions)
    missing = await survey.missing(begin, listing.mailboxes, unread.waiting, lagging, partitions)
    ask(
        [
            *_about_the_log(found, checkpoints, lagging, partitions),
            *_about_the_database(unread.entries, listing.unknown, missing),
            *_about_the_trimmed(found, checkpoints, partitions),
            f"{count.prekeys} one-time prekeys are retired; every device uploads new ones when it connects.",
        ]
    )
    await settling.begin_repair(log_client, ADOPT)
    async with begin() as connection:
        await directory.lift(connection, log_client, partitions, lagging)
    await settling.go_on_without(log_client, found, None if recorded is None else recorded.log_id)
    await settling.go_on_behind(
        log_client, checkpoints, lagging, None if recorded is None else recorded.log_id
    )
    await settling.retire_prekeys(begin, log_client, partitions, unread.taken)
    log_id = await settling.finish(begin, log_client, partitions, listing.last_devices)
    return f"The log and the database belong together from now on (id {log_id}). Start the relay."


def lags(found: Found, checkpoints: dict[int, Position]) -> list[int]:
    """The partitions in which the log ends before the place up to which the database has read it."""
    return [p for p, end in enumerate(found.ends) if checkpoints.get(p, START) > end]


def _about_the_log(
    found: Found, checkpoints: dict[int, Position], lagging: list[int], partitions: int
) -> list[str]:
    if not lagging:
        return ["The log is not older than the database."]
    oldest, newest = min(found.ends[p] for p in lagging), max(checkpoints[p] for p in lagging)
    since = survey.moment(oldest) if oldest != START else "its beginning"
    return [
        (
            f"The log is older in {len(lagging)} of {partitions} partitions. It lacks the history from "
            f"{since} to {survey.moment(newest)}; who may "
            "be written to, and every number, is taken from the database."
        ),
        (
            f"Lost is what the newer log accepted after {survey.moment(newest)} and was not delivered before "
            "it was lost. How much that is, nobody can say."
        ),
    ]


def _about_the_trimmed(found: Found, checkpoints: dict[int, Position], partitions: int) -> list[str]:
    if not found.unread:
        return []
    oldest = min(checkpoints.get(p, START) for p in found.unread)
    since = survey.moment(oldest) if oldest != START else "its beginning"
    upto = survey.moment(max(found.trimmed[p] for p in found.unread))
    return [
        (
            f"In {len(found.unread)} of {partitions} partitions the log no longer has what the database has "
            f"yet to read, from {since} to {upto}: devices and keys from that time are missing in the "
            "database."
        )
    ]


def _about_the_database(entries: int, unknown: int, missing: int) -> list[str]:
    lines = [f"The database has {entries} entries of the log yet to read, and reads them after the start."]
    if unknown:
        lines.append(
            f"{unknown} users of the log have no account in the database (made later, or deleted): they "
            "cannot log in, and have to register anew."
        )
    if missing:
        lines.append(f"Lost are {missing} messages that wait in mailboxes: neither server has them.")
    return lines
