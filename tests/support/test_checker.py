"""The checker itself: a true run passes; with any one event dropped, doubled or swapped it must not."""

from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec
import pytest

from schema.events import (
    EnvelopeAccepted,
    EnvelopesAcknowledged,
    EnvelopesExpired,
    Event,
    KemPrekeyTaken,
    PrekeyTaken,
)
from schema.positions import Position
from tests.support.checker import Evidence, Logged, violations
from tests.support.history import Delivered, Device, History, Sent, ToldExpired
from tests.workers.oracle import Oracle
from tests.workers.stories import (
    Said,
    accepted,
    acknowledged,
    deleted,
    expired,
    identity,
    kem_taken,
    kem_uploaded,
    taken,
    uploaded,
)

Run = tuple[History, Evidence]
ANNA, BELA, CARL = (uuid5(UUID(int=7), name) for name in ("anna", "bela", "carl"))
SENDERS: dict[UUID, Device] = {ANNA: (BELA, 1), BELA: (ANNA, 1), CARL: (ANNA, 1)}
"""Who writes to whom; Carl is away at the end."""


def envelope(user: UUID, seq: int) -> Said:
    event, _ = accepted(user, 1, seq, at=1000 + seq, body=f"body {seq}".encode())
    assert isinstance(event, EnvelopeAccepted)
    sender, device = SENDERS[user]
    return msgspec.structs.replace(event, from_user=sender, from_device=device), seq


def true_run() -> Run:
    """Two devices that read everything, one that expired in part and is owed the rest; prekeys; one maybe
    that is in the log and one that is not."""
    story = [
        *(said for user in (ANNA, BELA, CARL) for said in (identity(user), uploaded(user, 1, 1, 2, 3))),
        taken(ANNA, 1, 1),
        taken(BELA, 1, 2),
        kem_uploaded(ANNA, 1, 1, 2),
        kem_taken(ANNA, 1, 1),
        *(envelope(user, seq) for seq in (1, 2, 3) for user in (ANNA, BELA, CARL)),
        *(acknowledged(user, 1, upto) for upto in (1, 3) for user in (ANNA, BELA)),
        expired(CARL, 1, 2, count=2),
        *(envelope(user, 4) for user in (ANNA, BELA, CARL)),
        *(acknowledged(user, 1, 4) for user in (ANNA, BELA)),
    ]
    log = [Logged(0, Position(number, 0), *said) for number, said in enumerate(story, 1)]
    history = History(members={(user, 1) for user in SENDERS}, offline={(CARL, 1)})
    for entry in log:
        if isinstance(entry.event, EnvelopeAccepted):
            event, device = entry.event, (entry.event.user, 1)
            sender = SENDERS[event.user]
            history.sent.append(Sent(event.id, sender, device, event.body, "accepted", entry.seq))
            if event.user != CARL:
                connection = 1 if entry.seq < 3 else 2
                history.delivered.append(
                    Delivered(device, connection, entry.seq, event.id, sender, event.body)
                )
    history.sent[-1].outcome, history.sent[-1].seq = "maybe", 0
    history.sent.append(Sent(uuid4(), SENDERS[CARL], (CARL, 1), b"never came", "maybe"))
    history.sent.append(Sent(uuid4(), SENDERS[CARL], (CARL, 1), b"refused", "refused"))
    history.acknowledged = [((user, 1), upto) for upto in (1, 3, 4) for user in (ANNA, BELA)]
    history.prekeys = [(ANNA, 1, 1), (BELA, 1, 2)]
    history.kem_prekeys = [(ANNA, 1, 1)]
    return history, evidence(log)


def evidence(log: list[Logged]) -> Evidence:
    oracle = Oracle()
    for entry in log:
        oracle.apply(entry.event, entry.seq)
    boxes = {key: (box["head"], box["cursor"], box["floor"]) for key, box in oracle.mailboxes.items()}
    return Evidence(log, oracle.tables(), boxes)


WITNESSES: dict[str, Callable[[Run], list[Any]]] = {
    "log": lambda run: run[1].log,
    "delivered": lambda run: run[0].delivered,
    **{table: lambda run, table=table: run[1].tables[table] for table in true_run()[1].tables},  # type: ignore[misc]
}


def dropped(events: list[Any], at: int) -> None:
    del events[at]


def doubled(events: list[Any], at: int) -> None:
    events.insert(at, deepcopy(events[at]))


def swapped(events: list[Any], at: int) -> None:
    events[at], events[at + 1] = events[at + 1], events[at]


def test_a_true_run_has_no_violation() -> None:
    assert violations(*true_run()) == []


@pytest.mark.parametrize(
    "witness",
    [
        "log",
        "delivered",
        "devices",
        "mailboxes",
        "envelopes",
        "used_prekeys",
        "kem_prekeys",
        "used_kem_prekeys",
    ],
)
@pytest.mark.parametrize("change", [dropped, doubled])
def test_each_event_that_is_dropped_or_doubled_is_found(
    witness: str, change: Callable[[list[Any], int], None]
) -> None:
    count = len(WITNESSES[witness](true_run()))
    assert count
    for at in range(count):
        run = true_run()
        change(WITNESSES[witness](run), at)
        assert violations(*run), f"{change.__name__} {at}"


def test_each_swap_in_the_log_is_found() -> None:
    for at in range(len(true_run()[1].log) - 1):
        run = true_run()
        swapped(run[1].log, at)
        assert violations(*run), at


def test_each_swap_of_two_deliveries_of_one_device_is_found() -> None:
    for device in ((ANNA, 1), (BELA, 1)):
        mine = [at for at, got in enumerate(true_run()[0].delivered) if got.device == device]
        for one, other in pairwise(mine):
            run = true_run()
            got = run[0].delivered
            got[one], got[other] = got[other], got[one]
            assert violations(*run), (one, other)


def log_as(change: Callable[[list[Logged]], None]) -> Callable[[Run], None]:
    """Log, tables and directory agree; only the clients, or the rules, know better."""

    def apply(run: Run) -> None:
        log = run[1].log
        change(log)
        log[:] = [Logged(0, Position(n, 0), entry.event, entry.seq) for n, entry in enumerate(log, 1)]
        made = evidence(log)
        run[1].tables, run[1].directory = made.tables, made.directory

    return apply


def last(kind: type[Event], change: Callable[[list[Any], int], None]) -> Callable[[Run], None]:
    return log_as(
        lambda log: change(log, max(at for at, entry in enumerate(log) if isinstance(entry.event, kind)))
    )


def swapped_sends(run: Run) -> None:
    mine = [at for at, send in enumerate(run[0].sent) if send.to == (ANNA, 1)]
    run[0].sent[mine[0]], run[0].sent[mine[1]] = run[0].sent[mine[1]], run[0].sent[mine[0]]


def told(*notices: ToldExpired) -> Callable[[Run], None]:
    """Of an expired envelope, by a device that was owed nothing else in the end."""

    def apply(run: Run) -> None:
        log_as(lambda log: log.append(Logged(0, log[-1].position.next(), *acknowledged(CARL, 1, 4))))(run)
        for seq in (3, 4):
            event = envelope(CARL, seq)[0]
            assert isinstance(event, EnvelopeAccepted)
            run[0].delivered.append(Delivered((CARL, 1), 1, seq, event.id, SENDERS[CARL], event.body))
        run[0].offline.clear()
        run[0].expired[:] = notices

    return apply


def sent(field: str, value: Any) -> Callable[[Run], None]:
    return lambda run: setattr(run[0].sent[0], field, value)


OTHERWISE: dict[str, Callable[[Run], None]] = {
    "an envelope is in the log twice": last(EnvelopeAccepted, doubled),
    "an accepted envelope is nowhere": log_as(
        lambda log: dropped(log, next(at for at, entry in enumerate(log) if entry.seq == 4))
    ),
    "an acknowledgement is in the log twice": last(EnvelopesAcknowledged, doubled),
    "an acknowledgement is missing": last(EnvelopesAcknowledged, dropped),
    "expired twice": last(EnvelopesExpired, doubled),
    "a prekey was taken twice": last(PrekeyTaken, doubled),
    "a prekey was handed out and not recorded": last(PrekeyTaken, dropped),
    "a prekey was handed out twice": lambda run: run[0].prekeys.append(run[0].prekeys[0]),
    "a KEM prekey was taken twice": last(KemPrekeyTaken, doubled),
    "a KEM prekey was handed out and not recorded": last(KemPrekeyTaken, dropped),
    "a KEM prekey was handed out twice": lambda run: run[0].kem_prekeys.append(run[0].kem_prekeys[0]),
    "an accepted send never came": lambda run: setattr(run[0].sent[-1], "outcome", "accepted"),
    "a refused send is in the log": sent("outcome", "refused"),
    "another number was answered": sent("seq", 2),
    "another body was sent": sent("body", b"another"),
    "two sends changed places": swapped_sends,
    "nobody sent it": lambda run: dropped(run[0].sent, 0),
    "who was there is still owed something": lambda run: run[0].offline.clear(),
    "it was told of more than expired": told(ToldExpired((CARL, 1), 2, 3)),
    "it was told of nothing": told(),
    "the directory lags": lambda run: run[1].directory.update({(ANNA, 1): (4, 3, 0)}),
    "the directory knows one more": lambda run: run[1].directory.update({(uuid4(), 1): (0, 0, 0)}),
    "something is pending": lambda run: run[1].loose.append("pending"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_does_not_fit_is_found(name: str) -> None:
    run = true_run()
    OTHERWISE[name](run)
    assert violations(*run)


def test_who_was_told_of_all_that_expired_is_well() -> None:
    run = true_run()
    told(ToldExpired((CARL, 1), 2, 2))(run)
    assert violations(*run) == []


@pytest.mark.parametrize("erased", ["nothing", "the first half", "all"])
def test_an_account_that_was_deleted_may_be_erased_from_the_log(erased: str) -> None:
    history, at_the_end = true_run()
    log = at_the_end.log
    about = [entry for entry in log if entry.event.user == BELA]
    gone = {"nothing": [], "the first half": about[: len(about) // 2], "all": about}[erased]
    kept = [entry for entry in log if entry not in gone]
    kept.append(Logged(0, log[-1].position.next(), *deleted(BELA)))
    assert violations(history, evidence(kept)) == []
    kept.append(Logged(0, kept[-1].position.next(), *acknowledged(ANNA, 1, 4)))
    assert violations(history, evidence(kept)), "the others are looked at as before"


def test_an_envelope_that_comes_again_on_a_later_connection_is_no_violation() -> None:
    history, at_the_end = true_run()
    again = next(got for got in history.delivered if got.device == (ANNA, 1) and got.connection == 2)
    history.delivered.append(Delivered(again.device, 3, again.seq, again.id, again.sender, again.body))
    assert violations(history, at_the_end) == []
