"""`sealstream streams` says how far each group has read, and changes nothing."""

import time
from typing import Any
from uuid import uuid4

from schema import keys
from tests.ops.hand import Hand
from tests.workers import stories

FIELDS = stories.fields(stories.accepted(uuid4(), 1, 1))


def test_it_sums_what_is_unread_pending_and_set_aside(hand: Hand, log: Any) -> None:
    before = int(time.time() * 1000) - 90_000
    for number in range(3):
        log.xadd(keys.log(0), FIELDS, id=f"{before}-{number}")
    log.xadd(keys.log(1), FIELDS)
    log.xreadgroup(keys.PROJECTOR, "one", {keys.log(0): ">"}, count=2)
    aside = {"group": "pusher", "position": f"{before}-0", "kind": "failing", "reason": "KeyError"}
    for _ in range(2):  # as after a crash
        log.xadd(keys.quarantine(0), aside | {"e": b"x"})
    done = hand("streams")
    assert done.status == 0
    assert done.row("group")[1:] == ["lag", "pending", "oldest", "consumers", "quarantine"]
    assert done.row("projector")[1:] == ["2", "2", "1 min", "1", "0"]
    assert done.row("pusher")[1:] == ["4", "0", "1 min", "0", "1"]
    assert done.row("rate-limiter")[1:] == ["0", "0", "-", "0", "0"]
    parts = hand("streams", "--partition")
    assert parts.row("projector", "0")[2:] == ["1", "2", "1 min", "1", "0"]
    assert parts.row("projector", "1")[2:4] == ["1", "0"]
    assert parts.row("rate-limiter", "-")
    assert log.xpending(keys.log(0), keys.PROJECTOR)["pending"] == 2


def test_its_json_is_a_list_of_rows(hand: Hand, log: Any) -> None:
    log.xgroup_destroy(keys.log(1), keys.PUSHER)
    rows = hand("streams", "--partition", "--json").json
    assert [(row["group"], row["partition"]) for row in rows] == [
        ("projector", 0), ("projector", 1), ("pusher", 0), ("pusher", 1), ("rate-limiter", None),
    ]  # fmt: skip
    assert [row["is_missing"] for row in rows] == [False, False, False, True, False]
    assert hand("streams").row("pusher")[4] == "no group"


def test_a_lag_that_nobody_can_tell_is_not_guessed(hand: Hand, log: Any) -> None:
    positions = [log.xadd(keys.log(0), FIELDS) for _ in range(3)]
    log.xdel(keys.log(0), positions[1])  # the account was erased
    assert hand("streams").row("projector")[1] == "unknown"


def test_what_is_away_or_unused_is_said_in_one_sentence(hand: Hand, log: Any) -> None:
    done = hand("streams", SEALSTREAM_LOG_URL="redis://127.0.0.1:1")
    assert (done.status, done.out) == (1, "")
    assert done.err == "sealstream: The log is away: Connection refused.\n"
    log.delete(keys.PARTITION_COUNT)
    done = hand("streams")
    assert (done.status, done.err) == (
        1, "sealstream: No relay has used this log yet. Start one, or check SEALSTREAM_LOG_URL.\n",
    )  # fmt: skip
