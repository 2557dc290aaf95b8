"""`sealstream roles`: what it writes lets each role in, on real servers, and nobody else read it."""

import re
import stat
from base64 import b64decode
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict
from redis import Redis

from ops.cli import main
from ops.migrate import migrate
from ops.roles.files import with_login
from schema import servers
from schema.roles import ADMIN, ROLES, on_postgres, on_valkey
from schema.roles.passwords import for_postgres
from schema.roles.valkey import BOARD, LOG
from schema.settings import Settings


def written(folder: Path, urls: dict[str, str]) -> dict[str, str]:
    done = CliRunner().invoke(main, ["roles", str(folder)], env=urls)
    assert done.exit_code == 0, done.output
    assert sorted(done.output.split()) == sorted(
        str(path) for path in folder.iterdir() if path.stem != "roles"
    )
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


@pytest.fixture
def urls(log_url: str, board_url: str, database_url: str) -> dict[str, str]:
    named = {"LOG": log_url, "BOARD": board_url, "DATABASE": database_url}
    return {f"SEALSTREAM_{name}_URL": url for name, url in named.items()}


@pytest.mark.parametrize("server", [LOG, BOARD])
def test_each_role_gets_in_with_its_address(tmp_path: Path, urls: dict[str, str], server: str) -> None:
    files = written(tmp_path / "roles", urls)
    with Redis.from_url(urls[f"SEALSTREAM_{server.upper()}_URL"]) as client:
        try:
            for line in files[f"{server}.acl"].splitlines()[1:]:
                client.execute_command("ACL", "SETUSER", *re.findall(r"\([^)]*\)|\S+", line)[1:])
            for role in (ADMIN, *ROLES):
                environment = dict(line.split("=", 1) for line in files[f"{role}.env"].splitlines())
                settings = Settings.from_env(environment)
                url = settings.log_url if server == LOG else settings.board_url
                with Redis.from_url(servers.plain(url or "")) as own:
                    assert own.ping()
        finally:
            client.execute_command("ACL", "DELUSER", *map(on_valkey, (ADMIN, *ROLES)))


def test_the_database_takes_the_roles_and_their_passwords_twice(tmp_path: Path, urls: dict[str, str]) -> None:
    files = written(tmp_path, urls)
    migrate(urls["SEALSTREAM_DATABASE_URL"])
    with psycopg.connect(urls["SEALSTREAM_DATABASE_URL"], autocommit=True) as connection:
        for _ in range(2):
            connection.execute(files["database.sql"])  # type: ignore[arg-type]
        for role in ROLES:
            environment = dict(line.split("=", 1) for line in files[f"{role}.env"].splitlines())
            address = conninfo_to_dict(environment["SEALSTREAM_DATABASE_URL"])
            assert address["user"] == on_postgres(role)
            row = connection.execute(
                "SELECT rolpassword FROM pg_authid WHERE rolname = %s", (on_postgres(role),)
            ).fetchone()
            assert row == (for_postgres(str(address["password"])),)
            connection.execute(f"ALTER ROLE {on_postgres(role)} PASSWORD NULL")  # type: ignore[arg-type]


def test_the_verifier_is_the_one_that_postgres_makes(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        made = connection.pgconn.encrypt_password(b"a secret", b"x", b"scram-sha-256").decode()
    salt = b64decode(made.split(":")[1].split("$")[0])
    assert for_postgres("a secret", salt) == made


def test_written_again_the_passwords_stay_and_nobody_else_reads_them(
    tmp_path: Path, urls: dict[str, str]
) -> None:
    folder = tmp_path / "roles"
    before = written(folder, urls)
    assert written(folder, urls) == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    secrets = [
        line
        for name, text in before.items()
        if name.removesuffix(".env") in (ADMIN, *ROLES)
        for line in text.splitlines()
    ]
    found = [password for line in secrets if (password := urlsplit(line.split("=", 1)[1]).password)]
    assert len(set(found)) == len(found) == 3 * len(ROLES) + 2


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:old@log:6379?cluster=true", "redis://u:p@log:6379?cluster=true"),
        ("unix:///run/log.sock", "unix://u:p@/run/log.sock"),
        (
            "postgresql://sealstream:old@db:5432/x?sslmode=require",
            "postgresql://u:p@db:5432/x?sslmode=require",
        ),
        ("postgresql://sealstream@/x?host=/run", "postgresql://u:p@/x?host=/run"),
    ],
)
def test_only_the_user_of_an_address_is_another(url: str, expected: str) -> None:
    assert with_login(url, "u:p") == expected


def test_an_address_that_is_missing_is_named(tmp_path: Path, urls: dict[str, str]) -> None:
    del urls["SEALSTREAM_BOARD_URL"]
    done = CliRunner().invoke(main, ["roles", str(tmp_path)], env=urls)
    assert done.exit_code == 1
    assert "Set SEALSTREAM_BOARD_URL" in done.output


def test_a_database_that_is_not_named_by_an_url_is_refused(tmp_path: Path, urls: dict[str, str]) -> None:
    done = CliRunner().invoke(
        main, ["roles", str(tmp_path)], env={**urls, "SEALSTREAM_DATABASE_URL": "host=db"}
    )
    assert done.exit_code == 1
    assert "written as an URL" in done.output
