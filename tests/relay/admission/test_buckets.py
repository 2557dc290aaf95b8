"""Token buckets on a real board: a burst, then steadily one more."""

import pytest

from schema import functions, keys
from schema.limits import BUNDLES_PER_TARGET
from schema.refusals import Refusal
from tests.support.limits_board import Board


async def test_a_bucket_gives_its_burst_and_then_waits(board: Board, user: str) -> None:
    limits = await board.node()
    for _ in range(6):
        await limits.spend(BUNDLES_PER_TARGET, user)
    with pytest.raises(Refusal) as caught:
        await limits.spend(BUNDLES_PER_TARGET, user)
    assert caught.value.code == "rate_limited"
    assert 599_000 < (caught.value.retry_after_ms or 0) <= 600_000


async def _take(board: Board, subject: str, burst: int, refill: int) -> list[int]:
    reply: list[int] = await functions.call(
        board.client, "relay", "bucket", [keys.bucket("b", subject)], [burst, refill]
    )
    return reply


async def test_a_bucket_fills_up_steadily_and_not_beyond_its_burst(board: Board, user: str) -> None:
    name = keys.bucket("b", user)
    for _ in range(3):
        await _take(board, user, 3, 1000)
    assert (await _take(board, user, 3, 1000))[0] == 0
    await board.client.hincrby(name, "at", -1500)
    assert (await _take(board, user, 3, 1000)) == [1]
    refused = await _take(board, user, 3, 1000)
    assert refused[0] == 0
    assert 300 < refused[1] <= 500
    await board.client.hincrby(name, "at", -100_000)
    assert [(await _take(board, user, 3, 1000))[0] for _ in range(4)] == [1, 1, 1, 0]


async def test_a_bucket_survives_a_clock_that_was_set_back(board: Board, user: str) -> None:
    for _ in range(4):
        await _take(board, user, 3, 1000)
    await board.client.hincrby(keys.bucket("b", user), "at", 3_600_000)
    refused = await _take(board, user, 3, 1000)
    assert refused[0] == 0
    assert refused[1] <= 1000


async def test_a_full_bucket_leaves_nothing_behind(board: Board, user: str) -> None:
    await _take(board, user, 3, 50)
    assert 0 < await board.client.pttl(keys.bucket("b", user)) <= 150
