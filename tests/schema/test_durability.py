"""A log that can lose an accepted message is never taken for a good one."""

import pytest

from schema import servers
from schema.durability import SETTINGS, WANTED, LogUnsafe, check, faults, in_force

GOOD = {wanted.name: wanted.value for wanted in WANTED}


def test_a_server_set_as_wanted_has_no_fault() -> None:
    assert faults({"one": GOOD, "other": GOOD}) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appendonly", "no"),
        ("appendfsync", "everysec"),
        ("appendfsync", "no"),
        ("maxmemory-policy", "allkeys-lru"),
        ("maxmemory-policy", "volatile-ttl"),
        ("no-appendfsync-on-rewrite", "yes"),
        ("role", "slave"),
    ],
)
def test_a_server_that_can_lose_messages_is_named_with_the_setting(name: str, value: str) -> None:
    (fault,) = faults({"one": GOOD, "other": GOOD | {name: value}})
    assert (fault.server, fault.name, fault.found) == ("other", name, value)
    assert fault.is_durability
    assert fault.wanted == GOOD[name]


def test_a_setting_that_cannot_be_read_is_a_fault() -> None:
    (fault,) = faults({"": {name: value for name, value in GOOD.items() if name != "appendfsync"}})
    assert (fault.name, fault.found) == ("appendfsync", None)


async def test_the_embedded_log_is_as_wanted(log_url: str) -> None:
    async with servers.client(log_url) as log:
        assert await in_force(log) == {"": GOOD}


async def test_where_config_is_forbidden_info_tells_what_it_can(log_url: str) -> None:
    async with servers.client(log_url) as log:
        await log.execute_command("ACL", "SETUSER", "default", "-config")
        try:
            found = await in_force(log)
        finally:
            await log.execute_command("ACL", "SETUSER", "default", "+config")
    assert found == {"": {"role": "master", "appendonly": "yes", "maxmemory-policy": "noeviction"}}
    assert {fault.name for fault in faults(found)} == set(SETTINGS) - found[""].keys()


UNSAFE = [
    ("appendfsync", "everysec", "always"),
    ("appendonly", "no", "yes"),
    ("maxmemory-policy", "allkeys-lru", "noeviction"),
    ("maxmemory-policy", "volatile-lru", "noeviction"),
    ("no-appendfsync-on-rewrite", "yes", "no"),
]


@pytest.mark.parametrize(("name", "value", "wanted"), UNSAFE)
async def test_a_log_that_can_lose_messages_is_refused_unless_that_is_accepted(
    log_url: str, name: str, value: str, wanted: str
) -> None:
    async with servers.client(log_url) as log:
        assert await check(log, unsafe_is_taken=False) == []
        await log.config_set(name, value)
        try:
            with pytest.raises(LogUnsafe, match=f"{name} is {value}, not {wanted} .*SEALSTREAM_LOG_UNSAFE=1"):
                await check(log, unsafe_is_taken=False)
            (words,) = await check(log, unsafe_is_taken=True)
            assert words.startswith(f"{name} is {value}, not {wanted}")
        finally:
            await log.config_set(name, wanted)


async def test_a_setting_that_costs_no_message_is_taken(log_url: str) -> None:
    async with servers.client(log_url) as log:
        await log.config_set("stream-node-max-bytes", "8192")
        try:
            assert await check(log, unsafe_is_taken=False) == []
        finally:
            await log.config_set("stream-node-max-bytes", "4096")
