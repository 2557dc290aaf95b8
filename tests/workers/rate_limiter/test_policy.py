"""The policy is on the board as the settings say, and is back at once when the board was emptied."""

import asyncio

import msgspec

from schema import keys
from schema.limits import DEFAULTS
from schema.settings import Settings
from tests.servers import Servers
from tests.workers.running import until
from workers.rate_limiter.keeping import POLICY_LIFETIME_MS, install_policy, keep_policy, policy


def test_every_limit_is_a_field_with_count_window_and_burst() -> None:
    rows = {name: msgspec.json.decode(value) for name, value in policy(DEFAULTS).items()}
    assert rows["messages"] == {"count": 60, "window_ms": 60_000, "burst": None}
    assert rows["connections"] == {"count": 10, "window_ms": 60_000, "burst": None}
    assert rows["bundles_per_target"] == {"count": 6, "window_ms": 3_600_000, "burst": 6}
    assert rows.keys() == {row.name for row in DEFAULTS}


async def test_the_settings_counts_are_what_is_installed_and_it_does_not_outlive_its_worker_for_long(
    board,
) -> None:
    settings = Settings.from_env({"SEALSTREAM_MESSAGES_PER_MINUTE": "7"})
    assert await install_policy(board, settings.limits)
    assert not await install_policy(board, settings.limits)
    assert msgspec.json.decode(await board.hget(keys.POLICY, "messages"))["count"] == 7
    assert POLICY_LIFETIME_MS - 10_000 < await board.pttl(keys.POLICY) <= POLICY_LIFETIME_MS


async def test_an_emptied_board_has_the_policy_again_within_two_seconds(board, servers: Servers) -> None:
    stopping = asyncio.Event()
    task = asyncio.create_task(keep_policy(board, DEFAULTS, stopping))
    await until(lambda: board.exists(keys.POLICY))
    await board.flushall()
    await until(lambda: board.exists(keys.POLICY), within=2.5)
    servers.kill("board")
    await asyncio.sleep(1.2)
    servers.revive()
    await until(lambda: board.exists(keys.POLICY), within=2.5)
    stopping.set()
    await asyncio.wait_for(task, 5)
