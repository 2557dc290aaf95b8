"""Databases for tests: made from a migrated template, emptied and used again, which is ten times faster."""

import itertools
from collections.abc import Callable

import psycopg
from psycopg import sql

from ops.embedded.postgres import DATABASE as TEMPLATE
from schema.tables import metadata

OBJECTS = """
SELECT array_agg(line ORDER BY line) FROM (
    SELECT format('relation %s %s', relname, relkind) AS line
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('column %s %s %s', relname, attname, atttypid) FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND attnum > 0
    UNION ALL SELECT format('trigger %s', tgname) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('function %s', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT format('version %s', version_num) FROM alembic_version
) AS lines
"""
OTHERS_END = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
EMPTY = sql.SQL(";").join(
    sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)) for table in reversed(metadata.sorted_tables)
)


class Databases:
    """Those of one PostgreSQL server; `url` gives the address of a database by its name.

    A session in each is kept, because a new one costs more than all that is done in it."""

    def __init__(self, url: Callable[[str], str]) -> None:
        self._url = url
        self._numbers = itertools.count(1)
        self._spare: list[str] = []
        self._sessions: dict[str, psycopg.Connection] = {}
        with psycopg.connect(url(TEMPLATE)) as connection:
            self._objects = connection.execute(OBJECTS).fetchone()

    def take(self) -> str:
        """The name of one with the newest tables, no rows and no session but ours."""
        if self._spare:
            return self._spare.pop()
        name = f"test_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {{}} TEMPLATE {TEMPLATE}", name)
        return name

    def give_back(self, name: str) -> None:
        """Ends its other sessions and empties it; one with other tables than it had is dropped."""
        session = self._session(name)
        if session.execute(OBJECTS).fetchone() == self._objects:
            session.execute(EMPTY)
            self._spare.append(name)
        else:
            self._sessions.pop(name).close()
            self._administer("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        """Ends the kept sessions."""
        for session in self._sessions.values():
            session.close()

    def _session(self, name: str) -> "psycopg.Connection":
        """Our session, after it ended all others; a new one if the test ended or killed the server."""
        kept = self._sessions.pop(name, None)
        if kept is not None:
            try:
                kept.execute(OTHERS_END)
            except psycopg.OperationalError:
                kept.close()
            else:
                self._sessions[name] = kept
                return kept
        self._sessions[name] = made = psycopg.connect(self._url(name), autocommit=True)
        made.execute(OTHERS_END)
        return made

    def _administer(self, statement: str, name: str) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))  # type: ignore[arg-type]
