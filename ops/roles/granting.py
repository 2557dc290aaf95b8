"""PostgreSQL's roles and what they are granted: exactly `schema.roles.database`, nothing more.

Promise: `grant` may be repeated; where nothing differs it changes nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg import sql

from schema.roles import ROLES, on_postgres
from schema.roles.database import Right, rights

SELECT_ROLES: Final = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
SELECT_RIGHTS: Final = """
    SELECT role.rolname, class.relname, acl.privilege_type, ''
      FROM pg_class AS class, aclexplode(class.relacl) AS acl, pg_roles AS role
     WHERE class.relnamespace = current_schema()::regnamespace AND class.relkind IN ('r', 'p')
       AND role.oid = acl.grantee AND role.rolname = ANY(%(roles)s)
    UNION ALL
    SELECT role.rolname, class.relname, acl.privilege_type, attribute.attname
      FROM pg_class AS class JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid,
           aclexplode(attribute.attacl) AS acl, pg_roles AS role
     WHERE class.relnamespace = current_schema()::regnamespace AND class.relkind IN ('r', 'p')
       AND role.oid = acl.grantee AND role.rolname = ANY(%(roles)s)
"""
_BY_NAME: Final = {on_postgres(role): role for role in ROLES}


class Granted(msgspec.Struct, frozen=True):
    """What `grant` did. `missing`: roles that are not there, and that it may not create."""

    created: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def grant(connection: "psycopg.Connection[Any]") -> Granted:
    """Creates the missing roles (nobody can log in with one before it has a password) and corrects what they
    are granted. The caller owns the tables and holds the migration's lock. Commits."""
    with connection.transaction():
        found = {name for (name,) in connection.execute(SELECT_ROLES, (list(_BY_NAME),))}
        wanted = [name for name in _BY_NAME if name not in found]
        created = tuple(name for name in wanted if _create(connection, name))
        there = {role for name, role in _BY_NAME.items() if name in found or name in created}
        for name in map(on_postgres, sorted(there)):
            if not _one(connection, "SELECT has_schema_privilege(%s, current_schema(), 'USAGE')", name):
                schema = sql.Identifier(_one(connection, "SELECT current_schema()"))
                usage = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}")
                connection.execute(usage.format(schema, sql.Identifier(name)))
        for statement in _corrections({right for right in rights() if right.role in there}, read(connection)):
            connection.execute(statement)
    return Granted(created, tuple(name for name in wanted if name not in created))


def read(connection: "psycopg.Connection[Any]") -> set[Right]:
    """What the roles are granted on the tables of the present schema."""
    return _read(connection.execute(SELECT_RIGHTS, {"roles": list(_BY_NAME)}).fetchall())


def compared(rows: Iterable[tuple[str, str, str, str]]) -> tuple[list[Right], list[Right]]:
    """The rights that are missing among `rows` (of SELECT_RIGHTS, for all roles), and those that nobody is to
    have."""
    wanted, found = set(rights()), _read(rows)
    return sorted(wanted - found), sorted(found - wanted)


def _read(rows: Iterable[tuple[str, str, str, str]]) -> set[Right]:
    return {Right(_BY_NAME[name], table, verb, column) for name, table, verb, column in rows}


def _create(connection: "psycopg.Connection[Any]", name: str) -> bool:
    """Whether the role is there now; another database of the server may create it at the same moment."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return True
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _corrections(wanted: set[Right], found: set[Right]) -> Iterator[sql.Composed]:
    # A whole table's REVOKE takes the verb from its columns, too: it comes first.
    extra = found - wanted
    for right in sorted(extra, key=lambda one: one.column):
        yield _statement("REVOKE {} ON {} FROM {}", right)
    lost = {(one.role, one.table, one.verb) for one in extra if not one.column}
    for right in sorted(wanted):
        if right not in found or (right.role, right.table, right.verb) in lost:
            yield _statement("GRANT {} ON {} TO {}", right)


def _statement(text: str, right: Right) -> sql.Composed:
    verb = sql.SQL(right.verb)
    what = sql.SQL("{} ({})").format(verb, sql.Identifier(right.column)) if right.column else verb
    return sql.SQL(text).format(what, sql.Identifier(right.table), sql.Identifier(on_postgres(right.role)))


def _one(connection: "psycopg.Connection[Any]", query: LiteralString, *values: str) -> Any:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row[0]
