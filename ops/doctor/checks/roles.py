"""Whether log and board have this version's functions, and each role exactly its rights."""

from typing import Any, Final

from redis.exceptions import NoPermissionError, ResponseError

from ops import functions as installed
from ops.doctor.finding import Finding, green, red
from ops.doctor.patient import Patient
from ops.roles import granting
from schema import primaries
from schema.roles import ROLES, on_postgres, on_valkey
from schema.roles import valkey as table

FUNCTIONS: Final = "functions"
NAME: Final = "roles"
MIGRATE: Final = "Run `sealstream migrate`."
SAMPLES: Final = {
    table.READ: ("EXISTS", "K"),
    table.ENDS: ("XLEN", "K"),
    table.ENTRIES: ("XRANGE", "K", "-", "+"),
    table.PROPOSE: ("SETNX", "K", "v"),
    table.CHANGE: ("HSET", "K", "f", "v"),
    table.DROP: ("DEL", "K"),
    table.APPEND: ("XADD", "K", "*", "f", "v"),
    table.CONSUME: ("XACK", "K", "g", "1-1"),
    table.TRIM: ("XTRIM", "K", "MAXLEN", "0"),
}
"""A command of each access to a key; nothing is executed."""


async def functions(patient: Patient) -> list[Finding]:
    """All that the processes of this version call."""
    for name, client in (("log", patient.log), ("board", patient.board)):
        if lacks := await installed.missing(client):
            return [red(FUNCTIONS, f"{len(lacks)} of this version are missing on the {name}", MIGRATE)]
    return [green(FUNCTIONS, "of this version, on log and board")]


async def roles(patient: Patient) -> list[Finding]:
    """One line for all three servers when they are as they must be, else one for each that is not."""
    found = [await _on_database(patient.database)]
    found += [await _on_valkey(name, getattr(patient, name)) for name in (table.LOG, table.BOARD)]
    reds = [finding for finding in found if not isinstance(finding, str)]
    return reds or [green(NAME, ", ".join(str(words) for words in found))]


async def _on_database(connection: Any) -> str | Finding:
    names = {"roles": [on_postgres(role) for role in ROLES]}
    rows = await (await connection.execute(granting.SELECT_ROLES, (names["roles"],))).fetchall()
    there = {name for (name,) in rows}
    if not there:
        return "database: one for all processes"
    if missing := [name for name in names["roles"] if name not in there]:
        return red(NAME, f"the database has no {', '.join(missing)}", MIGRATE)
    rows = await (await connection.execute(granting.SELECT_RIGHTS, names)).fetchall()
    lacking, extra = granting.compared(rows)
    if not lacking and not extra:
        return "database: as they must be"
    words = [f"{on_postgres(one.role)} lacks {one.verb} on {one.table}" for one in lacking]
    words += [f"{on_postgres(one.role)} may {one.verb} {one.table}" for one in extra]
    return red(NAME, f"{words[0]}{_and_more(words)}", MIGRATE)


async def _on_valkey(server: str, client: Any) -> str | Finding:
    unknown, lacking = [], []
    try:
        for role in ROLES:
            found = await _lacks(client, role, server)
            if found is None:
                unknown.append(on_valkey(role))
            else:
                lacking += found
    except NoPermissionError:
        return f"{server}: not examined, this user may not ask"
    if len(unknown) == len(ROLES):
        return f"{server}: one for all processes"
    remedy = f"Give the {server} the {server}.acl that `sealstream roles` writes."
    if unknown:
        return red(NAME, f"the {server} has no user {', '.join(unknown)}", remedy)
    if lacking:
        return red(NAME, f"{lacking[0]}{_and_more(lacking)}", remedy)
    return f"{server}: as they must be"


async def _lacks(client: Any, role: str, server: str) -> list[str] | None:
    """What the role's user may not do; None where there is no such user."""
    try:
        await _may(client, role, "PING")
    except NoPermissionError:
        raise
    except ResponseError as error:
        if "not found" in str(error):
            return None
        raise
    lacks = []
    for pattern, cells in table.KEYS[server].items():
        key = pattern.replace("{*}", "{0}").replace("*", "x")
        for access in cells.get(role, "").split():
            words = [key if word == "K" else word for word in SAMPLES[access]]
            if not await _may(client, role, *words):
                lacks.append(f"{on_valkey(role)} may not {words[0]} {pattern} on the {server}")
    return lacks


async def _may(client: Any, role: str, *words: str) -> bool:
    replies = await primaries.on_each(client, "ACL DRYRUN", on_valkey(role), *words)
    return all(reply in (b"OK", "OK", True) for reply in replies.values())


def _and_more(words: list[str]) -> str:
    return f", and {len(words) - 1} more" if len(words) > 1 else ""
