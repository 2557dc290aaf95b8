"""`sealstream quarantine` lists, retries and drops what was set aside, and never shows a payload."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from schema import codec, inbox, keys
from schema.events import Refused
from tests.ops.hand import Hand
from tests.workers import stories

USER = uuid4()
CIPHERTEXT = b"canary-ciphertext"
ENVELOPE = stories.fields(stories.accepted(USER, 1, 1, body=CIPHERTEXT))
UNREADABLE = {b"n": b"1", b"e": b"\xc1 nobody's entry"}
KEPT = "sealstream: Nothing was changed. With --yes nobody is asked.\n"


def set_aside(log: Any, group: str, position: str, fields: dict[bytes, bytes], **about: str) -> None:
    known = {"group": group, "position": position, "kind": "failing", "reason": "KeyError"} | about
    log.xadd(keys.quarantine(0), {**{name.encode(): word.encode() for name, word in known.items()}, **fields})


@pytest.fixture
def aside(log: Any, database_url: str) -> Any:
    """A log that both groups have read to its end; of two entries one is unreadable, one failed."""
    log.xadd(keys.log(0), ENVELOPE, id="5-0")
    log.xadd(keys.log(0), UNREADABLE, id="6-0")
    quoted = "Invalid value '" + "x" * 40 + "' \x1b[31m"
    set_aside(log, keys.PROJECTOR, "5-0", ENVELOPE)
    for group in keys.LOG_GROUPS:
        set_aside(log, group, "6-0", UNREADABLE, kind="undecodable", reason=quoted)
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO checkpoints VALUES ('projector', 0, '6-0')")
        connection.execute("INSERT INTO devices VALUES (%s, 1, 1, 1, '', '', 0, NULL)", (USER,))
    return log


def test_it_lists_what_and_why_without_payloads(hand: Hand, aside: Any) -> None:
    done = hand("quarantine", "show")
    assert done.status == 0
    assert done.row("0/5-0")[1:3] == ["projector", "envelope.accepted"]
    assert done.row("0/6-0")[1:3] == ["projector", "unreadable"]
    assert done.out.count("0/6-0") == 1, "one row, whoever set it aside"
    assert done.row("0/6-0")[3].startswith("undecodable: Invalid")
    assert "xxx" not in done.out
    rows = hand("quarantine", "show", "--json").json
    assert rows[0] | {"at": 0} == {
        "entry": "0/5-0", "partition": 0, "position": "5-0", "groups": ["projector"], "kind": "failing",
        "reason": "KeyError", "event": "envelope.accepted", "at": 0, "user": str(USER), "device": 1,
        "number": 1,
    }  # fmt: skip
    assert rows[1]["groups"] == ["projector", "pusher"]
    assert rows[1]["reason"] == "Invalid value '…' ?[31m"
    assert CIPHERTEXT.decode() not in done.out + str(rows)


def test_a_reason_is_shown_as_it_is(hand: Hand, log: Any) -> None:
    set_aside(log, keys.PUSHER, "5-0", ENVELOPE, reason="[red]5[/] at `$.a[0]`")
    assert hand("quarantine", "show").row("0/5-0")[3].startswith("failing: [red]5[/]")


def test_a_retry_handles_what_can_be_handled_and_keeps_the_rest(
    hand: Hand, aside: Any, database_url: str
) -> None:
    done = hand("quarantine", "retry", "--all")
    assert done.status == 1
    assert done.row("0/5-0")[1:] == ["projector", "envelope.accepted", "handled"]
    assert done.row("0/6-0", "pusher")[3].startswith("still cannot be read")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT seq, body FROM envelopes").fetchall() == [(1, CIPHERTEXT)]
    assert [row["entry"] for row in hand("quarantine", "show", "--json").json] == ["0/6-0"]
    again = hand("quarantine", "retry", "0/6-0", "--json")
    assert [(row["group"], row["result"]) for row in again.json] == [
        ("projector", "unreadable"), ("pusher", "unreadable"),
    ]  # fmt: skip


def test_a_retried_push_reaches_the_node_that_holds_the_socket(hand: Hand, log: Any, board: Any) -> None:
    board.zadd(keys.NODES, {"here": 2**52})
    board.hset(keys.presence(USER), "1", "here socket")
    set_aside(log, keys.PUSHER, "5-0", ENVELOPE)
    assert hand("quarantine", "retry", "0/5-0").row("0/5-0")[3] == "handled"
    ((_, fields),) = board.xrange(keys.inbox("here"))
    (pushed,), _ = inbox.read(list(fields.items()))
    assert isinstance(pushed, inbox.Pushed)
    assert pushed.seq == 1


def test_a_retried_refusal_is_counted_again(hand: Hand, log: Any) -> None:
    refused = codec.encode(Refused(user=USER, limit="messages", at=1))
    log.xadd(keys.LIMITS_QUARANTINE, {"group": "rate-limiter", "position": "7-0", "reason": "", "e": refused})
    assert hand("quarantine", "retry", "limits/7-0").row("limits/7-0")[1:] == [
        "rate-limiter", "refused", "handled",
    ]  # fmt: skip
    ((_, fields),) = log.xrange(keys.LIMITS_LOG)
    assert fields == {b"e": refused}
    assert hand("quarantine", "show").out == "Nothing is set aside.\n"


def test_a_drop_asks_and_takes_every_double(hand: Hand, aside: Any) -> None:
    for said in ("n\n", ""):
        kept = hand("quarantine", "drop", "0/6-0", said=said)
        assert (kept.status, kept.out) == (1, "")
        assert kept.err.endswith(KEPT)
    assert aside.xlen(keys.quarantine(0)) == 3
    assert hand("quarantine", "drop", "0/6-0", said="y\n").out == "Dropped: 1.\n"
    assert aside.xlen(keys.quarantine(0)) == 1
    assert hand("quarantine", "drop", "--all", "--yes", "--json").json == ["0/5-0"]
    assert hand("quarantine", "drop", "--all", "--yes").out == "Nothing is set aside.\n"
    assert aside.xlen(keys.log(0)) == 2, "the log keeps it"
    assert aside.smembers(keys.dropped(0)) == {b"5-0", b"6-0"}


def test_what_changes_an_account_is_not_dropped(hand: Hand, aside: Any) -> None:
    """The directory has the device; without its row nobody could fetch its keys."""
    identity = stories.fields(stories.identity(USER, 1))
    set_aside(aside, keys.PROJECTOR, "7-0", identity)
    set_aside(aside, keys.PUSHER, "8-0", identity)
    for arguments in (("0/7-0",), ("0/5-0", "0/7-0"), ("--all",)):
        refused = hand("quarantine", "drop", *arguments, "--yes")
        assert (refused.status, refused.out) == (1, "")
        assert "cannot be dropped: 0/7-0 (identity.set). Nothing was dropped." in refused.err
    assert aside.xlen(keys.quarantine(0)) == 5
    assert hand("quarantine", "drop", "0/5-0", "0/8-0", "--yes").out == "Dropped: 2.\n"


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_what_is_meant_must_be_said(hand: Hand, command: str) -> None:
    for arguments in ((), ("0/1-0", "--all")):
        done = hand("quarantine", command, *arguments)
        assert (done.status, done.err) == (
            1, "sealstream: Name the entries, or give --all. See `sealstream quarantine show`.\n",
        )  # fmt: skip
    done = hand("quarantine", command, "0/1-0")
    assert (done.status, done.err) == (
        1, "sealstream: No entry '0/1-0' is set aside. See `sealstream quarantine show`.\n",
    )  # fmt: skip
