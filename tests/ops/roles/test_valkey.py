"""Every role, every command, every kind of key, on real servers: allowed or refused as the table in schema
says."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError, ResponseError

from schema import functions
from schema.roles import ADMIN, ROLES, on_valkey
from schema.roles import valkey as table
from schema.roles.valkey import BOARD, COMMANDS, KEYS, LOG
from tests.servers import Servers

PASSWORD = "of a test"
ARGUMENTS = {
    "exists": "K", "xlen": "K", "xinfo|stream": "K", "xinfo|groups": "K", "xinfo|consumers": "K g",
    "xpending": "K g", "xrange": "K - +", "xrevrange": "K + -", "xread": "STREAMS K 0",
    "get": "K", "pttl": "K", "hexists": "K f", "hget": "K f", "hgetall": "K", "hkeys": "K", "hmget": "K f",
    "lindex": "K 0", "llen": "K", "lrange": "K 0 1", "scard": "K", "sismember": "K m", "smembers": "K",
    "srandmember": "K", "zcard": "K", "zcount": "K 0 1", "zrange": "K 0 1", "zrangebyscore": "K 0 1",
    "zscore": "K m", "setnx": "K v", "del": "K", "expire": "K 9", "incr": "K", "pexpire": "K 9",
    "set": "K v", "unlink": "K", "hdel": "K f", "hincrby": "K f 1", "hset": "K f v", "hsetnx": "K f v",
    "lpop": "K", "rpush": "K v", "sadd": "K m", "srem": "K m", "zadd": "K 1 m", "zrem": "K m",
    "zremrangebyscore": "K 0 1", "xadd": "K * f v", "xack": "K g 1-1", "xclaim": "K g c 0 1-1",
    "xreadgroup": "GROUP g c STREAMS K >", "xgroup|create": "K g 0", "xgroup|delconsumer": "K g c",
    "xgroup|setid": "K g 0", "xdel": "K 1-1", "xtrim": "K MAXLEN 0", "evalsha": f"{'0' * 40} 1 K",
    # Nobody's but the administrator's:
    "rename": "K K", "copy": "K K", "xsetid": "K 9-9", "restore": "K 0 x", "dump": "K", "persist": "K",
    "getdel": "K", "append": "K v", "sort": "K", "lpush": "K v", "object|freq": "K", "eval": "return 1 K",
    "sdiffstore": "K K", "xgroup|destroy": "K g",
}  # fmt: skip
"""K is the key. All that names a command of `COMMANDS`, and some that no role has."""
WITHOUT_KEY = {
    "ping": "", "info": "", "time": "", "command": "", "function|list": "", "select": "0",
    "cluster|slots": "",
    "client|setinfo": "LIB-NAME x", "client|setname": "x", "config|get": "save", "scan": "0",
    "bgrewriteaof": "", "acl|dryrun": "default ping", "script|load": "return",
    "function|load": "x", "function|flush": "", "function|delete": "x", "function|restore": "x",
    "function|dump": "", "script|flush": "", "config|set": "save x", "config|rewrite": "", "flushall": "",
    "flushdb": "", "keys": "*", "randomkey": "", "dbsize": "", "shutdown": "", "acl|setuser": "x",
    "acl|list": "", "client|list": "", "client|kill": "x", "monitor": "", "replicaof": "no one", "save": "",
    "publish": "c m", "subscribe": "c", "module|list": "", "slowlog|get": "", "swapdb": "0 1",
    "cluster|reset": "", "failover": "", "sync": "", "latency|reset": "", "wait": "0 0",
}  # fmt: skip


def key(pattern: str) -> str:
    """One that the pattern means."""
    return pattern.replace("{*}", "{3}").replace("*", "x:7")


@pytest.fixture(params=[LOG, BOARD])
def server(request: pytest.FixtureRequest, servers: Servers) -> Iterator[tuple[str, str]]:
    """A server and its address, with every role's user."""
    name: str = request.param
    url = servers.log_url if name == LOG else servers.board_url
    with Redis.from_url(url) as client:
        client.flushall()
        for role in ROLES:
            user = on_valkey(role)
            client.execute_command("ACL", "SETUSER", user, "reset", f">{PASSWORD}", *table.rules(role, name))
        yield name, url
        client.execute_command("ACL", "DELUSER", *map(on_valkey, ROLES))


def login(url: str, role: str) -> "Redis":
    return Redis.from_url(url, username=on_valkey(role), password=PASSWORD)


def allowed(client: Any, command: str, *arguments: str) -> bool:
    """The server looks at the rights before it does anything; what else it answers does not matter."""
    try:
        client.execute_command(*command.split("|"), *arguments)
    except NoPermissionError:
        return False
    except ResponseError as error:
        assert "permission" not in str(error)
    return True


def accesses(role: str, server: str, name: str) -> list[str]:
    for pattern, cells in KEYS[server].items():
        if fnmatchcase(name, pattern):
            return cells.get(role, "").split()
    return []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_can_do_with_each_key_what_the_table_says(server: tuple[str, str], role: str) -> None:
    name, url = server
    names = [*map(key, KEYS[name]), "stranger", "{3}:stranger", "{3}:log:x", "{board}:x"]
    expected = {
        (command, one)
        for one in names
        for access in accesses(role, name, one)
        for command in COMMANDS[access]
        if command in ARGUMENTS
    }
    with login(url, role) as client:
        found = {
            (command, one)
            for one in names
            for command, arguments in ARGUMENTS.items()
            if allowed(client, command, *(one if word == "K" else word for word in arguments.split()))
        }
    assert found == expected


@pytest.mark.parametrize("role", ROLES)
def test_a_role_can_call_the_commands_without_a_key_that_the_table_says(
    server: tuple[str, str], role: str
) -> None:
    name, url = server
    expected = WITHOUT_KEY.keys() & {*table.ALWAYS, *table.FURTHER[name].get(role, ())}
    with login(url, role) as client:
        found = {
            command
            for command, arguments in WITHOUT_KEY.items()
            if allowed(client, command, *arguments.split())
        }
    assert found == expected


def test_the_matrix_tries_every_command_of_the_table(server: tuple[str, str]) -> None:
    named = {command for commands in COMMANDS.values() for command in commands}
    further = {command for cells in table.FURTHER.values() for row in cells.values() for command in row}
    assert named <= {*ARGUMENTS, *WITHOUT_KEY}
    assert further - {"multi", "exec"} <= WITHOUT_KEY.keys()


@pytest.mark.parametrize("pattern", [(name, pattern) for name in KEYS for pattern in KEYS[name]])
def test_no_key_is_meant_by_two_patterns(pattern: tuple[str, str]) -> None:
    server, own = pattern
    assert [one for one in KEYS[server] if fnmatchcase(key(own), one)] == [own]


@pytest.mark.parametrize("role", ROLES)
def test_a_function_has_its_callers_rights(server: tuple[str, str], role: str) -> None:
    name, url = server
    body = "function(keys, args) return redis.call('XADD', keys[1], '*', 'f', 'v') end"
    text = f"redis.register_function('try', {body})"
    with Redis.from_url(url) as admin:
        admin.execute_command("FUNCTION", "LOAD", "REPLACE", f"#!lua name=try\n{text}")
        try:
            with login(url, role) as client:
                for one in map(key, KEYS[name]):
                    try:
                        client.fcall("try", 1, one)
                        done = True
                    except ResponseError as error:
                        assert "ACL failure in script" in str(error)
                        done = False
                    assert done == (table.APPEND in accesses(role, name, one)), one
        finally:
            admin.execute_command("FUNCTION", "DELETE", "try")


@pytest.mark.parametrize("role", ROLES)
def test_a_command_on_several_keys_needs_the_right_on_each(server: tuple[str, str], role: str) -> None:
    name, url = server
    own = [one for one in map(key, KEYS[name]) if table.CHANGE in accesses(role, name, one)]
    with login(url, role) as client:
        assert not own or allowed(client, "unlink", *own)
        assert not allowed(client, "unlink", *own, "stranger")


def test_every_command_that_a_function_calls_is_one_that_the_table_knows() -> None:
    known = {command.partition("|")[0] for commands in COMMANDS.values() for command in commands}
    for package in functions.PACKAGES:
        for file in Path(str(files(package) / "lua")).rglob("*.lua"):
            for command in re.findall(r"redis\.call\(\s*'(\w+)'", file.read_text("utf-8")):
                assert command.lower() in known | {"time"}, file


def test_the_lines_of_an_aclfile_give_every_role_the_same_and_its_password(server: tuple[str, str]) -> None:
    name, url = server
    hashes = {role: f"{number:064x}" for number, role in enumerate((ADMIN, *ROLES))}
    with Redis.from_url(url) as client:
        before = _users(client)
        for line in table.access_list(name, hashes)[1:]:
            _, user, *words = re.findall(r"\([^)]*\)|\S+", line)
            client.execute_command("ACL", "SETUSER", user, "reset", *words)
        after = _users(client)
        assert client.execute_command("ACL", "DELUSER", on_valkey(ADMIN)) == 1
    for role in ROLES:
        user = on_valkey(role)
        assert after[user].replace(f"#{hashes[role]} ", "") == re.sub(r"#\w{64} ", "", before[user])
        assert hashes[role] in after[user]
    assert "~* &* +@all" in after[on_valkey(ADMIN)]


def _users(client: Any) -> dict[str, str]:
    lines = [line.decode() for line in client.execute_command("ACL", "LIST")]
    return {line.split()[1]: line for line in lines}
