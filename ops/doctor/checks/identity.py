"""Whether the log and the database belong together: both hold the same log id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from schema import keys, log_identity

NAME: Final = "log id"


async def log_id(patient: Patient) -> list[Finding]:
    """The reason for which nothing would start, if there is one, with the command that repairs it."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Any]:
        async with patient.database.transaction():
            yield patient.database

    fixed = await patient.log.get(keys.PARTITION_COUNT)
    partitions = patient.settings.partitions if fixed is None else int(fixed)
    recorded, found, checkpoints = await log_identity.look(patient.log, begin, partitions)
    reason = log_identity.why_unfit(recorded, found, checkpoints)
    if reason is not None:
        what, _, remedy = reason.partition(": ")
        return [red(NAME, what, f"{remedy[:1].upper()}{remedy[1:]}")]
    if recorded is None:
        return [green(NAME, "none yet: the first start makes it")]
    return [green(NAME, f"{recorded.log_id}, in log and database")]
