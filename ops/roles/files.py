"""What servers and processes are given for the roles: access lists, passwords for PostgreSQL, and addresses.

Promise: written again with the same key, the passwords stay. Nobody else may read the files.
"""

import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from ops.addresses import VARIABLES
from ops.embedded import postgres
from ops.errors import OperatorError
from ops.roles.users import key_in, login, users
from schema.roles import ADMIN, ROLES, on_postgres, on_valkey
from schema.roles.passwords import for_postgres, password
from schema.roles.valkey import BOARD, LOG

DATABASE: Final = "database"
CREATE: Final = (
    "DO $$ BEGIN CREATE ROLE {0} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n"
    "ALTER ROLE {0} PASSWORD '{1}';\n"
)


def write(folder: Path, urls: dict[str, str]) -> list[Path]:
    """Writes them into `folder`; `urls` are the administrator's, by server. The files.

    Raises OperatorError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = key_in(folder)
    texts = {f"{server}.acl": users(key, server) for server in (LOG, BOARD)}
    texts["database.sql"] = "".join(
        CREATE.format(on_postgres(role), for_postgres(password(key, DATABASE, role))) for role in ROLES
    )
    secret = password(key, LOG, ADMIN)
    texts["log-replica.conf"] = f"primaryuser {on_valkey(ADMIN)}\nprimaryauth {secret}\n"
    texts["log-cli.env"] = f"VALKEY_USER={on_valkey(ADMIN)}\nREDISCLI_AUTH={secret}\n"
    texts |= {f"{role}.env": _environment(key, role, urls) for role in (ADMIN, *ROLES)}
    return [_write(folder / name, text) for name, text in texts.items()]


def with_login(url: str, login: str) -> str:
    """`url` with another `USER:PASSWORD`. Raises OperatorError: it is none."""
    parts = urlsplit(url)
    if not parts.scheme:
        raise OperatorError("The database's address must be written as an URL: postgresql://…")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


def _environment(key: bytes, role: str, urls: dict[str, str]) -> str:
    own = {VARIABLES[server]: with_login(urls[server], login(key, server, role)) for server in (LOG, BOARD)}
    database = urls[postgres.NAME]
    if role != ADMIN:
        database = with_login(database, f"{on_postgres(role)}:{password(key, DATABASE, role)}")
    return "".join(f"{name}={url}\n" for name, url in {**own, VARIABLES[postgres.NAME]: database}.items())


def _write(path: Path, text: str) -> Path:
    """Complete, or as it was before."""
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return draft.replace(path)
