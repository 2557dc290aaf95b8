"""Rounds keep every user's order and lose nothing."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from schema.events import AccountDeleted, DeviceClosed
from tests.workers import stories
from tests.workers.stories import accepted, closed, identity
from workers.projector.rounds import CHANGES, rounds

WHO = stories.users(3)


def test_a_batch_without_changes_is_one_round() -> None:
    entries = stories.entries([accepted(user, 1, seq) for seq in range(1, 4) for user in WHO])
    (only,) = rounds(entries)
    assert only.changes == []
    assert only.facts == entries


def test_new_users_and_their_first_envelopes_share_one_round() -> None:
    story = [said for user in WHO for said in (identity(user), accepted(user, 1, 1))]
    (only,) = rounds(stories.entries(story))
    assert len(only.changes) == len(only.facts) == 3


def test_a_users_next_change_waits_for_the_next_round() -> None:
    user = uuid4()
    story = [identity(user), accepted(user, 1, 1), closed(user, 1), accepted(WHO[0], 1, 1)]
    first, second = rounds(stories.entries(story))
    assert [type(event) for event in second.changes] == [DeviceClosed]
    assert len(first.facts) == 2


@given(stories.stories(WHO))
def test_each_round_has_one_change_per_user_at_most_and_the_order_of_every_user_is_kept(story) -> None:
    entries = stories.entries(story)
    found = rounds(entries)
    for turn in found:
        users = [event.user for event in turn.changes]
        assert len(users) == len(set(users))
        assert turn.changes or turn.facts
    for user in WHO:
        told = []
        for turn in found:
            told += [event for event in turn.changes if event.user == user]
            told += [entry.event for entry in turn.facts if entry.event.user == user]
        assert told == [event for event, _ in story if event.user == user]


@given(st.just([]))
def test_nothing_needs_no_round(story) -> None:
    assert rounds(stories.entries(story)) == []
    assert AccountDeleted in CHANGES
