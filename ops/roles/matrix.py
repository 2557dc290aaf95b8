"""The tables of `schema.roles` as ops/roles.md shows them."""

import re
from collections.abc import Mapping

from schema.roles import ROLES
from schema.roles import database as on_database
from schema.roles import valkey as on_valkey


def filled(page: str) -> str:
    """The document with the tables as they are; each stands between `<!-- NAME -->` and `<!-- /NAME -->`."""
    for name, table in sections().items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        page = re.sub(f"{begin}.*?{end}", f"{begin}\n{table}\n{end}", page, flags=re.DOTALL)
    return page


def sections() -> dict[str, str]:
    """Each table by the name of its place in the document."""
    return {
        "log": _table("key", on_valkey.KEYS[on_valkey.LOG]),
        "board": _table("key", on_valkey.KEYS[on_valkey.BOARD]),
        "accesses": _accesses(),
        "without a key": _without_key(),
        "database": _table("table", on_database.GRANTS),
    }


def _table(what: str, rows: Mapping[str, Mapping[str, str]]) -> str:
    lines = [f"| {what} | {' | '.join(ROLES)} |", f"|---|{'---|' * len(ROLES)}"]
    for name, cells in rows.items():
        lines.append(f"| `{name}` | {' | '.join(cells.get(role, '').lower() for role in ROLES)} |")
    return "\n".join(lines)


def _accesses() -> str:
    rows = (f"| {access} | {_commands(names)} |" for access, names in on_valkey.COMMANDS.items())
    return "\n".join(("| access | commands |", "|---|---|", *rows))


def _without_key() -> str:
    always = f"| both | all | {_commands(on_valkey.ALWAYS)} |"
    further = (
        f"| {server} | {role} | {_commands(row[role])} |"
        for server, row in on_valkey.FURTHER.items()
        for role in ROLES
        if role in row
    )
    return "\n".join(("| server | role | commands |", "|---|---|---|", always, *further))


def _commands(names: tuple[str, ...]) -> str:
    return ", ".join(name.replace("|", " ").upper() for name in names)
