"""The policy: read from the board, in force ten seconds after it was last there; without it nothing goes."""

import msgspec
import pytest

from relay.admission.limits import Limits
from relay.admission.policy import Policy
from schema import keys
from schema.limits import BUNDLES_PER_TARGET, MESSAGES
from schema.refusals import Refusal
from tests.support.limits_board import Board
from tests.support.relay import install_policy


async def test_a_node_that_never_read_a_policy_admits_nothing(board: Board, user: str) -> None:
    limits = Limits(board.client, board.log)
    for ask in (limits.admit(MESSAGES, user), limits.spend(BUNDLES_PER_TARGET, user)):
        with pytest.raises(Refusal) as caught:
            await ask
        assert caught.value.code == "unavailable"


async def test_a_policy_is_used_ten_seconds_after_it_was_last_there(board: Board) -> None:
    now = 0.0
    policy = Policy(board.client, lambda: now)
    await policy.read()
    assert policy.is_there()
    await board.client.delete(keys.POLICY)
    now = 10.0
    await policy.read()
    assert policy.row(MESSAGES).count == 60
    now = 10.1
    assert not policy.is_there()
    with pytest.raises(Refusal) as caught:
        policy.row(MESSAGES)
    assert caught.value.code == "unavailable"
    await install_policy(board.client, board.settings)
    await policy.read()
    assert policy.row(MESSAGES).count == 60


async def test_a_changed_policy_is_in_force_at_the_next_reading(board: Board) -> None:
    policy = Policy(board.client)
    changed = msgspec.json.encode({"count": 7, "window_ms": 1000, "burst": None})
    await board.client.hset(keys.POLICY, mapping={MESSAGES: changed, "of_a_newer_version": b"{}"})
    await policy.read()
    row = policy.row(MESSAGES)
    assert (row.count, row.window_ms, row.subject) == (7, 1000, "user")


async def test_a_policy_that_cannot_be_read_leaves_the_last_one(board: Board) -> None:
    policy = Policy(board.client)
    await policy.read()
    await board.client.hset(keys.POLICY, MESSAGES, b"nonsense")
    with pytest.raises(msgspec.DecodeError):
        await policy.read()
    assert policy.row(MESSAGES).count == 60
