"""`sealstream replay verify-receipt`: receipts against the relay's keys and its log or archive."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
import msgspec

from ops.errors import OperatorError
from ops.replay.auditing import bar
from ops.replay.opening import History, in_words, reachable, the_history
from ops.replay.places import time_of
from ops.replay.plain import line, plain
from ops.replay.receipt_file import read
from schema import keys, log_identity
from schema.partitions import partition_of
from schema.settings import Settings
from workers.archive.opening import believed_keys
from workers.replay.receipts import LIES, Finding, Search, Signed, Verdict, by_signature, difference, missing

HAS_USER: Final = "SELECT 1 FROM users WHERE user_id = %s"

WORDS: Final[dict[Finding, str]] = {
    "unknown key": "none of this relay's keys has the id that the receipt names.",
    "wrong signature": "the relay's key did not sign this: the receipt was changed, or is not of this relay.",
    "other log": "the relay signed it, but for another log than its present one, which has no such entry.",
    "no such number": "the relay signed it, but its log has no envelope with that number for that device.",
    "other envelope": "the relay signed it, but its log has another envelope under that number.",
    "other digest": "the relay signed it, but its log has another body of that envelope.",
    "other time": "the relay signed it, but its log has another time of that envelope.",
    "not kept": "the relay signed it, but log and archive do not reach back to that time any more.",
    "account gone": "the relay signed it, but the recipient's account was deleted, and its entries erased.",
    "source damaged": "the relay signed it, but the part of log or archive that may have it was lost.",
}


def verify_receipt(settings: Settings, path: Path, *, as_json: bool, fast: bool) -> int:
    """The exit status. Raises OperatorError."""
    receipts = read(sys.stdin.buffer.read() if str(path) == "-" else _content(path))
    settings = reachable(settings, compares=True)
    with in_words():
        verdicts = asyncio.run(_verdicts(settings, receipts, quiet=as_json, fast=fast))
    status = _status(verdicts)
    if as_json:
        click.echo(line({"proven": status == 0, "receipts": [_row(verdict) for verdict in verdicts]}))
    else:
        for verdict in verdicts:
            click.echo(_sentence(verdict))
    return status


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error


async def _verdicts(settings: Settings, receipts: list[Signed], *, quiet: bool, fast: bool) -> list[Verdict]:
    async with the_history(settings, fast=fast) as history:
        believed = await believed_keys(settings, history.database)
        found: dict[int, Verdict] = {}
        by_partition: dict[int, list[int]] = defaultdict(list)
        for index, signed in enumerate(receipts):
            if (finding := by_signature(signed, believed)) is not None:
                found[index] = Verdict(signed, finding)
            else:
                by_partition[partition_of(signed.acceptance.user_id, history.partitions)].append(index)
        with bar(quiet=quiet) as progress:
            task = progress.add_task("reading", total=None)
            for partition, places in by_partition.items():
                signed_here = [receipts[index] for index in places]
                read_some = _advance(progress, task)
                verdicts = await _against_source(history, partition, signed_here, read_some)
                found |= dict(zip(places, verdicts, strict=True))
        return [found[index] for index in range(len(receipts))]


def _advance(progress: Any, task: Any) -> Callable[[int], None]:
    return lambda count: progress.advance(task, count)


async def _against_source(
    history: History, partition: int, receipts: list[Signed], progress: Callable[[int], None]
) -> list[Verdict]:
    source = history.source
    search = Search(source, partition, [signed.acceptance for signed in receipts])
    await search.run(progress)
    extent = await source.extent(partition)
    begins = None if extent.complete else extent.first or extent.last
    present = await _log_id(history, partition)
    users = {signed.acceptance.user_id for signed in receipts}
    gone = {user: not await _has(history.database, user) for user in users}
    verdicts = []
    for signed in receipts:
        acceptance, entry = signed.acceptance, search.entry(signed.acceptance)
        finding: Finding
        if entry is None:
            damaged = bool(source.faults(partition) or search.unreadable & {None, acceptance.user_id})
            finding = missing(acceptance, begins=begins, gone=gone, damaged=damaged)
        else:
            finding = difference(acceptance, entry) or "proven"
        if finding in LIES and acceptance.log != present:
            finding = "other log"
        verdicts.append(Verdict(signed, finding, entry))
    return verdicts


async def _log_id(history: History, partition: int) -> UUID | None:
    """The log's id; where it has none, the database's record of it."""
    text = await history.log.get(keys.log_id(partition))
    if text is not None:
        return UUID(text.decode())
    recorded = await log_identity.read_recorded(history.database)
    return None if recorded is None else recorded.log_id


async def _has(database: Any, user: UUID) -> bool:
    return await (await database.execute(HAS_USER, (user,))).fetchone() is not None


def _status(verdicts: list[Verdict]) -> int:
    if any(verdict.is_lie for verdict in verdicts):
        return 1
    return 0 if all(verdict.finding == "proven" for verdict in verdicts) else 2


def _sentence(verdict: Verdict) -> str:
    one, entry = verdict.signed.acceptance, verdict.entry
    what = f"number {one.seq} for device {one.device_id} of {one.user_id}, envelope {one.id}"
    if verdict.finding == "proven":
        assert entry is not None
        where = f"entry {entry.partition}:{entry.position}"
        return f"Proven: the relay took {what}, at {time_of(one.at)} (UTC). It is {where}."
    verdict_words = "Not true" if verdict.is_lie else "Cannot be checked"
    return f"{verdict_words} ({verdict.finding}): {what}: {WORDS[verdict.finding]}"


def _row(verdict: Verdict) -> dict[str, Any]:
    entry = verdict.entry
    return {
        "proven": verdict.finding == "proven",
        "finding": verdict.finding,
        **plain(msgspec.structs.asdict(verdict.signed.acceptance)),
        "position": None if entry is None else f"{entry.partition}:{entry.position}",
    }
