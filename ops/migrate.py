"""Brings the database to this version's tables (alembic, `schema/migrations`) and rights (`ops.roles`).

Promise: several processes may migrate at once; one works, the others wait, all end at the same tables.
"""

import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from ops.errors import OperatorError
from ops.roles.granting import Granted, grant
from schema.backoff import Backoff

ADVISORY_LOCK: Final = 0x5EA1_57EA
SETTING: Final = "SEALSTREAM_DATABASE_URL"
REFUSALS_AT_LOGIN: Final = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf",
)
"""What waiting does not mend. By words: libpq gives no SQLSTATE for a connection that was refused."""


def migrate(
    database_url: str,
    *,
    wait_seconds: float = float("inf"),
    tell: Callable[[str], None] = print,
    setting: str = SETTING,
) -> Granted:
    """Upgrades to the newest tables and gives the roles their rights; what was done about the roles. Waits,
    saying so once, while the database is away. `setting`: where the URL is from.

    Raises OperatorError: it stayed away, refuses this role, or was made by a newer Sealstream."""
    wait_for(database_url, wait_seconds=wait_seconds, tell=tell, setting=setting)
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database_url), poolclass=sqlalchemy.NullPool
    )
    config = _config()
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.commit()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise OperatorError(
                f"The database was made by a newer Sealstream than this one ({error}). "
                "Start the newer version, or restore a backup from before it."
            ) from error
        connection.commit()
        own: Any = connection.connection.driver_connection
        return grant(own)


def newest() -> str:
    """The version of the tables that this build needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("schema") / "migrations").replace("%", "%%"))
    return config


def wait_for(
    database_url: str, *, wait_seconds: float, tell: Callable[[str], None], setting: str = SETTING
) -> None:
    """Returns when the database takes connections. Raises OperatorError after `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    backoff = Backoff(first=0.1, factor=1.6, most=3.0)
    told = False
    while (missing := why_away(database_url, setting)) is not None:
        if time.monotonic() >= deadline:
            raise OperatorError(f"The database stays away: {missing}")
        if not told:
            tell(f"Waiting for the database ({missing})")
            told = True
        time.sleep(backoff.next())


def why_away(database_url: str, setting: str = SETTING) -> str | None:
    """Tries once: None if the database takes connections, else why not.

    Raises OperatorError for what waiting will not mend."""
    try:
        psycopg.connect(database_url, connect_timeout=5, target_session_attrs="read-write").close()
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        if "FATAL" in reason and any(words in reason for words in REFUSALS_AT_LOGIN):
            raise OperatorError(f"The database refuses: {reason}. See {setting}.") from error
        return reason
    except psycopg.ProgrammingError as error:
        raise OperatorError(f"{setting} cannot be read: {error}") from error
    return None
