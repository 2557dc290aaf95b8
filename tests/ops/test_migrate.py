"""Migrations lead to the tables that the code describes, from nothing and at every start."""

import threading
import time

import psycopg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ops.errors import OperatorError
from ops.migrate import migrate
from schema.tables import metadata
from tests.servers import Servers


def empty_database(servers: Servers, name: str) -> str:
    with psycopg.connect(servers.database_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    return servers.database_url(name)


def test_an_empty_database_is_brought_to_exactly_the_tables_in_schema(servers: Servers) -> None:
    url = empty_database(servers, "from_empty")
    migrate(url)
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_second_migration_changes_nothing(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO signing_keys VALUES ('a', '', '', 1)")
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT kid FROM signing_keys").fetchall() == [("a",)]


def test_migrations_started_at_once_wait_for_each_other(servers: Servers) -> None:
    url = empty_database(servers, "at_once")
    failures: list[Exception] = []

    def run() -> None:
        try:
            migrate(url)
        except Exception as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_database_that_is_away_is_waited_for_and_said_so_once(servers: Servers, database_url: str) -> None:
    servers.stop("postgres")
    said: list[str] = []
    thread = threading.Thread(target=lambda: migrate(database_url, tell=said.append))
    thread.start()
    time.sleep(0.5)
    assert thread.is_alive()
    servers.revive()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert len(said) == 1
    assert said[0].startswith("Waiting for the database (")


def test_a_database_that_stays_away_is_given_up_in_words(servers: Servers) -> None:
    with pytest.raises(OperatorError, match=r"The database stays away: .*No such file or directory"):
        migrate("postgresql://x@/x?host=/nowhere", wait_seconds=0, tell=lambda _: None)


def test_a_missing_database_is_not_waited_for(servers: Servers) -> None:
    with pytest.raises(OperatorError, match=r"refuses: .*\"nonesuch\" does not exist"):
        migrate(servers.database_url("nonesuch"))


def test_an_address_that_cannot_be_read_is_named(servers: Servers) -> None:
    with pytest.raises(OperatorError, match="SEALSTREAM_DATABASE_URL cannot be read"):
        migrate("nonsense")


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(OperatorError, match="newer Sealstream"):
        migrate(database_url)
