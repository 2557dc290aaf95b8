"""The fold of a round's facts, and which envelopes of a batch need never be written."""

from uuid import uuid4

import pytest

from tests.workers import stories
from tests.workers.stories import (
    accepted,
    acknowledged,
    closed,
    deleted,
    expired,
    identity,
    kem_taken,
    kem_uploaded,
    taken,
    uploaded,
)
from workers.projector.facts import fold
from workers.projector.settled import unsettled

USER = uuid4()


def only(*story):
    ((device, facts),) = fold(stories.entries(list(story))).items()
    assert device == (USER, 1)
    return facts


def test_numbers_only_grow_and_the_head_covers_what_was_settled() -> None:
    facts = only(
        accepted(USER, 1, 3), acknowledged(USER, 1, 5), acknowledged(USER, 1, 2), expired(USER, 1, 4)
    )
    assert (facts.head, facts.cursor, facts.floor, facts.settled) == (5, 5, 4, 5)
    assert facts.envelopes == {}


def test_what_is_owed_remains() -> None:
    facts = only(accepted(USER, 1, 1), accepted(USER, 1, 2), acknowledged(USER, 1, 1))
    assert list(facts.envelopes) == [2]
    assert facts.envelopes[2].logged_at == 2, "at 2-0 in the log"


def test_a_prekey_that_was_taken_is_not_offered_whichever_came_first() -> None:
    facts = only(taken(USER, 1, 1, 7), uploaded(USER, 1, 1, 2, 3), taken(USER, 1, 3, 8), taken(USER, 1, 1, 9))
    assert list(facts.prekeys.uploaded) == [(b"", 2)]
    assert facts.prekeys.taken == {1: 7, 3: 8}


def test_kem_prekeys_are_folded_apart_from_the_others() -> None:
    facts = only(
        uploaded(USER, 1, 1), kem_taken(USER, 1, 1, 7), kem_uploaded(USER, 1, 1, 2), kem_taken(USER, 1, 1, 8)
    )
    assert (list(facts.prekeys.uploaded), facts.prekeys.taken) == ([(b"", 1)], {})
    assert (list(facts.kem_prekeys.uploaded), facts.kem_prekeys.taken) == ([(b"", 2)], {1: 7})


def test_a_last_resort_stays_when_only_the_signed_prekey_is_exchanged() -> None:
    facts = only(stories.signed(USER, 1, 4, kem=9), stories.signed(USER, 1, 5))
    assert (facts.signed[b""].id, facts.last_resort) == (5, {b"": stories.kem_prekey(9)})


def test_the_last_signed_prekey_counts() -> None:
    facts = only(stories.signed(USER, 1, 4), stories.signed(USER, 1, 3))
    assert facts.signed[b""].id == 3


def test_keys_of_two_identities_are_folded_apart() -> None:
    old, new = stories.key(1), stories.key(2)
    facts = only(
        uploaded(USER, 1, 7, under=old), uploaded(USER, 1, 7, 8, under=new),
        stories.signed(USER, 1, 4, under=new), stories.signed(USER, 1, 3, under=old),
        taken(USER, 1, 8),
    )  # fmt: skip
    assert list(facts.prekeys.uploaded) == [(old, 7), (new, 7)]
    assert list(facts.signed) == [new, old], "the newest last"


def test_devices_are_folded_apart() -> None:
    folded = fold(stories.entries([accepted(USER, 1, 1), accepted(USER, 2, 9)]))
    assert {device: facts.head for (_, device), facts in folded.items()} == {1: 1, 2: 9}


def test_a_change_is_not_a_fact() -> None:
    with pytest.raises(TypeError, match="DeviceClosed"):
        fold(stories.entries([closed(USER, 1)]))


@pytest.mark.parametrize(
    "later",
    [
        acknowledged(USER, 1, 1),
        acknowledged(USER, 1, 9),
        expired(USER, 1, 1),
        closed(USER, 1),
        deleted(USER, 2),
        identity(USER, 2, "replaced"),
    ],
    ids=lambda said: type(said[0]).__name__,
)
def test_an_envelope_that_a_later_entry_settles_is_left_out(later) -> None:
    entries = stories.entries([accepted(USER, 1, 1), later])
    assert unsettled(entries) == entries[1:]
    entries = stories.entries([later, accepted(USER, 1, 1)])
    assert unsettled(entries) == entries  # what came before settles nothing


@pytest.mark.parametrize(
    "later",
    [
        acknowledged(USER, 2, 1),
        acknowledged(uuid4(), 1, 1),
        closed(USER, 2),
        deleted(uuid4(), 1),
        identity(USER, 1, "replaced"),
        identity(USER, 2, "added"),
    ],
    ids=lambda said: type(said[0]).__name__,
)
def test_an_envelope_that_nothing_settles_is_kept(later) -> None:
    entries = stories.entries([accepted(USER, 1, 1), later])
    assert unsettled(entries) == entries


def test_two_replacements_close_each_others_devices() -> None:
    entries = stories.entries(
        [
            accepted(USER, 1, 1),
            accepted(USER, 2, 1),
            identity(USER, 1, "replaced"),
            accepted(USER, 1, 2),
            identity(USER, 2, "replaced"),
            accepted(USER, 2, 2),
        ]
    )
    assert unsettled(entries) == [entries[2], entries[4], entries[5]]
