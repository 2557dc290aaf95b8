"""Dead login sessions, old tokens and the marks of closed devices go; everything that lives stays."""

from uuid import UUID, uuid4

import psycopg

from workers.retention.clearing import DAY_MS, TOKEN_LIFE_MS, clear

NOW = 100 * DAY_MS
MARKS = ("used_prekeys", "used_kem_prekeys")
LONG_AGO, LATELY, SOON = NOW - DAY_MS - 1, NOW - DAY_MS + 1, NOW + DAY_MS


def session(connection: psycopg.Connection, *, ended: int | None, expires: int) -> UUID:
    number = uuid4()
    connection.execute(
        "INSERT INTO login_sessions (session_id, user_id, device_id, created_at, last_used_at, "
        "expires_at, ended_at) VALUES (%s, %s, 1, 0, 0, %s, %s)",
        (number, uuid4(), expires, ended),
    )
    token(connection, number, issued=NOW)
    return number


def token(connection: psycopg.Connection, number: UUID, *, issued: int, superseded: bool = False) -> bytes:
    name = uuid4().bytes
    connection.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id, issued_at, superseded) VALUES (%s, %s, %s, %s)",
        (name, number, issued, superseded),
    )
    return name


async def test_login_sessions_go_a_day_after_their_end_with_their_tokens(database, database_url) -> None:
    with psycopg.connect(database_url) as connection:
        gone = [
            session(connection, ended=LONG_AGO, expires=SOON),
            session(connection, ended=None, expires=LONG_AGO),
        ]
        stay = [
            session(connection, ended=LATELY, expires=SOON),
            session(connection, ended=None, expires=LATELY),
            session(connection, ended=None, expires=SOON),
        ]
    await clear(database, now=NOW)
    with psycopg.connect(database_url) as connection:
        left = {row[0] for row in connection.execute("SELECT session_id FROM login_sessions")}
        tokens = {row[0] for row in connection.execute("SELECT session_id FROM refresh_tokens")}
    assert left == tokens == set(stay)
    assert not left & set(gone)


async def test_a_session_that_lives_on_keeps_only_tokens_whose_reuse_matters(database, database_url) -> None:
    with psycopg.connect(database_url) as connection:
        number = session(connection, ended=None, expires=SOON)
        old = token(connection, number, issued=NOW - TOKEN_LIFE_MS - 1, superseded=True)
        stay = [
            token(connection, number, issued=NOW - TOKEN_LIFE_MS + 1, superseded=True),
            token(connection, number, issued=NOW - TOKEN_LIFE_MS - 1),
        ]
    await clear(database, now=NOW)
    with psycopg.connect(database_url) as connection:
        left = {row[0] for row in connection.execute("SELECT token_hash FROM refresh_tokens")}
    assert old not in left
    assert set(stay) <= left


async def test_the_marks_of_used_prekeys_go_with_a_device_that_was_closed_long_ago(
    database, database_url
) -> None:
    user = uuid4()
    with psycopg.connect(database_url) as connection:
        for device, closed in ((1, LONG_AGO), (2, LATELY), (3, None)):
            connection.execute(
                "INSERT INTO devices VALUES (%s, %s, 1, 1, '', '', 0, %s)", (user, device, closed)
            )
            for table in MARKS:
                connection.execute(f"INSERT INTO {table} VALUES (%s, %s, 7, 0)", (user, device))
    await clear(database, now=NOW)
    with psycopg.connect(database_url) as connection:
        for table in MARKS:
            left = [row[0] for row in connection.execute(f"SELECT device_id FROM {table} ORDER BY 1")]
            assert left == [2, 3], table
