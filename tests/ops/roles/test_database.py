"""Every role on every table of a real PostgreSQL: allowed or refused as the table in schema says."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ops.migrate import migrate
from ops.roles import granting
from schema.roles import PROJECTOR, ROLES, on_postgres
from schema.roles.database import GRANTS, Right, rights
from schema.tables import metadata
from tests.servers import Servers

SELECT, INSERT, UPDATE, DELETE = "SELECT", "INSERT", "UPDATE", "DELETE"
WHOLE = {
    SELECT: "SELECT * FROM {table} LIMIT 0",
    INSERT: "INSERT INTO {table} DEFAULT VALUES",
    DELETE: "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table} CASCADE",
    "ALTER": "ALTER TABLE {table} ADD COLUMN other text",
    "DROP": "DROP TABLE {table} CASCADE",
}
BY_COLUMN = {SELECT: "SELECT {column} FROM {table} LIMIT 0", UPDATE: "UPDATE {table} SET {column} = DEFAULT"}


@pytest.fixture
def migrated(database_url: str) -> str:
    migrate(database_url)
    return database_url


def login(url: str, role: str) -> "psycopg.Connection[Any]":
    return psycopg.connect(make_conninfo(url, user=on_postgres(role)))


def allowed(connection: "psycopg.Connection[Any]", statement: sql.Composed) -> bool:
    """PostgreSQL looks at the rights before it looks at the values. Nothing is kept."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.errors.IntegrityError:
        return True
    return True


def columns(table: str) -> Iterator[str]:
    if table == "alembic_version":
        yield "version_num"
    else:
        yield from (column.name for column in metadata.tables[table].columns)


def test_the_table_of_rights_names_every_table_and_no_other() -> None:
    assert GRANTS.keys() == metadata.tables.keys() | {"alembic_version"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_can_do_with_each_table_what_the_table_of_rights_says(migrated: str, role: str) -> None:
    granted = set(rights())
    expected, found = set(), set()
    with login(migrated, role) as connection:
        for table in GRANTS:
            name = sql.Identifier(table)
            for verb, text in WHOLE.items():
                may = Right(role, table, verb, "") in granted
                expected |= {(table, verb)} if may else set()
                if allowed(connection, sql.SQL(text).format(table=name)):
                    found |= {(table, verb)}
            for column in columns(table):
                for verb, text in BY_COLUMN.items():
                    may = not granted.isdisjoint(Right(role, table, verb, part) for part in ("", column))
                    expected |= {(table, verb, column)} if may else set()
                    statement = sql.SQL(text).format(table=name, column=sql.Identifier(column))
                    if allowed(connection, statement):
                        found |= {(table, verb, column)}
    assert found == expected


@pytest.mark.parametrize("role", ROLES)
def test_a_role_creates_nothing(migrated: str, role: str) -> None:
    with login(migrated, role) as connection:
        for text in ("CREATE TABLE mine (x int)", "CREATE ROLE mine", "CREATE SCHEMA mine"):
            assert not allowed(connection, sql.SQL(text).format())  # type: ignore[arg-type]


def test_rights_that_somebody_added_or_took_are_corrected(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as connection:
        for statement in (
            f"GRANT SELECT, DELETE ON users TO {on_postgres(PROJECTOR)}",
            f"GRANT UPDATE ON log_identity TO {on_postgres(PROJECTOR)}",
            f"GRANT UPDATE (username) ON users TO {on_postgres(PROJECTOR)}",
            f"REVOKE INSERT ON envelopes FROM {on_postgres(PROJECTOR)}",
        ):
            connection.execute(statement)  # type: ignore[arg-type]
        assert granting.read(connection) != set(rights())
        granting.grant(connection)
        assert granting.read(connection) == set(rights())
    test_a_role_can_do_with_each_table_what_the_table_of_rights_says(migrated, PROJECTOR)


def test_who_may_create_no_role_migrates_all_the_same_and_learns_which_are_missing(servers: Servers) -> None:
    with psycopg.connect(servers.database_url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS modest")
        connection.execute("DROP ROLE IF EXISTS modest")
        connection.execute("CREATE ROLE modest LOGIN")
        connection.execute("CREATE DATABASE modest OWNER modest")
    try:
        url = make_conninfo(servers.database_url("modest"), user="modest")
        with pytest.MonkeyPatch.context() as patch:
            names = {f"nonesuch_{role}": role for role in ROLES}
            patch.setattr(granting, "_BY_NAME", names)
            assert migrate(url) == granting.Granted((), tuple(names))
            assert migrate(url) == granting.Granted((), tuple(names))
    finally:
        with psycopg.connect(servers.database_url(), autocommit=True) as connection:
            connection.execute("DROP DATABASE modest WITH (FORCE)")
            connection.execute("DROP ROLE modest")
