"""Whether the database has the tables that this build needs."""

from typing import Final

import psycopg

from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient

SELECT_VERSION: Final = "SELECT version_num FROM alembic_version"


async def tables(patient: Patient) -> list[Finding]:
    """Compares the version of the tables with the build's."""
    from ops.migrate import newest  # noqa: PLC0415 - alembic takes its time

    needed = newest()
    try:
        row = await (await patient.database.execute(SELECT_VERSION)).fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    if row is None:
        return [red("tables", f"none yet; this build needs version {needed}", "Run `sealstream migrate`.")]
    if row[0] == needed:
        return [green("tables", f"version {needed}, as this build needs")]
    if row[0] > needed:
        remedy = "Run the newer Sealstream that made them, or restore a backup from before it."
    else:
        remedy = "Run `sealstream migrate`."
    return [red("tables", f"version {row[0]}, this build needs {needed}", remedy)]
