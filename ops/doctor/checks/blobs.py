"""Whether the files' storage takes, gives and forgets an object, and how full it is."""

import asyncio
import secrets
from typing import Final

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from ops.words import counted, size
from schema.storage import NotThere, Storage, StoreAway, is_there

NAME: Final = "files"
COUNT: Final = """
    SELECT count(*), coalesce(sum(size), 0)::bigint,
           count(*) FILTER (WHERE expires_at < %(overdue)s)
      FROM blobs
"""
SELECT_NOW: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
OVERDUE_MS: Final = 24 * 3_600_000
"""Retention erases within a round; what is that much over its time waits for something."""


async def blobs(patient: Patient) -> list[Finding]:
    """Writes, reads and removes a probe."""
    place = patient.settings.blobs
    (now,) = await (await patient.database.execute(SELECT_NOW)).fetchone()
    cursor = await patient.database.execute(COUNT, {"overdue": now - OVERDUE_MS})
    count, held, overdue = await cursor.fetchone()
    if place is None and count:
        words = f"off, and {counted(count, 'file is', 'files are')} in the database: nobody erases them"
        return [red(NAME, words, "Set SEALSTREAM_BLOBS to where they lie until their time is over.")]
    if place is None:
        return [green(NAME, "off: the relay takes no files")]
    if not await is_there(place):
        if count:
            words = f"there is no {place}; {counted(count, 'file is', 'files are')} in the database"
            return [red(NAME, words, _remedy(place))]
        return [green(NAME, f"nothing in {place} yet")]
    try:
        await _probe(await asyncio.to_thread(Storage.open, place))
    except StoreAway as error:
        return [red(NAME, f"{place} cannot be used: {error}", _remedy(place))]
    if overdue:
        words = f"{counted(overdue, 'file is', 'files are')} more than a day over time"
        remedy = "Does `retention` run, and is the projector not behind? See `retention_waits` in its log."
        return [red(NAME, words, remedy)]
    return [green(NAME, f"{counted(count, 'file', 'files')}, {size(held)}, in {place}")]


async def _probe(storage: Storage) -> None:
    """Raises StoreAway."""
    name, data = f"probe/{secrets.token_hex(8)}", secrets.token_bytes(32)
    await storage.put(name, data)
    try:
        if await storage.read(name) != data:
            raise StoreAway("what was written reads otherwise")
    except NotThere as error:
        raise StoreAway("what was written is not there") from error
    await storage.remove([name])
    await storage.remove_folder("probe")


def _remedy(place: str) -> str:
    where = "the AWS_ variables and the network" if "://" in place else "the directory and its rights"
    return f"See SEALSTREAM_BLOBS, {where}. Meanwhile uploads and downloads are answered `unavailable`."
