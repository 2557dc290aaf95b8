"""A relay's state as a value: taken once, put into empty servers by every test that begins with it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import psycopg
from psycopg import sql
from redis import Redis

from schema.tables import metadata

TABLES = [sql.Identifier(table.name) for table in metadata.sorted_tables]


class Snapshot(msgspec.Struct, frozen=True):
    """The log's keys as DUMP gives them, the rows of every table as COPY gives them, and the archive's
    folder (None: there is none)."""

    keys: Mapping[bytes, bytes]
    rows: list[bytes]
    archive: Path | None

    @classmethod
    def take(cls, log_url: str, database_url: str, archive: Path, into: Path) -> "Snapshot":
        """Copies the archive to `into`, if there is one."""
        with Redis.from_url(log_url) as log:
            keys = {key: bytes(log.dump(key)) for key in log.scan_iter()}  # type: ignore[arg-type]
        with psycopg.connect(database_url) as connection:
            rows = [_rows(connection, table) for table in TABLES]
        if archive.exists():
            shutil.copytree(archive, into)
        return cls(keys, rows, into if archive.exists() else None)

    @staticmethod
    def clear(log_url: str, database_url: str) -> None:
        """Empties the servers."""
        with Redis.from_url(log_url) as log:
            log.flushall()
        Snapshot.clear_tables(database_url)

    @staticmethod
    def clear_tables(database_url: str) -> None:
        """Empties the database."""
        with psycopg.connect(database_url) as connection:
            for table in reversed(TABLES):
                connection.execute(sql.SQL("DELETE FROM {}").format(table))

    def put(self, log_url: str, database_url: str, archive: Path) -> None:
        """Fills the servers, which must be empty, and the folder."""
        with Redis.from_url(log_url) as log, log.pipeline(transaction=False) as piece:
            for key, value in self.keys.items():
                piece.restore(key, 0, value)
            piece.execute()
        with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
            for table, rows in zip(TABLES, self.rows, strict=True):
                if rows:
                    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                        copy.write(rows)
        if self.archive is not None:
            shutil.copytree(self.archive, archive)


def _rows(connection: "psycopg.Connection", table: sql.Identifier) -> bytes:
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} TO STDOUT").format(table)) as copy:
        return b"".join(bytes(piece) for piece in copy)
