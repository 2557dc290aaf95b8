"""The fold against a naive one: on random histories, legal or not, it holds what the tables hold."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.workers import stories
from tests.workers.replay.histories import compared, folded, oracle_rows, records
from tests.workers.stories import Said, users

WHO = users(2)
RULES = {"row", "row missing"}
OF_A_REPLACED_IDENTITY = [
    stories.identity(WHO[0], identity_key=stories.key(3)),
    stories.identity(WHO[0], change="replaced", identity_key=stories.key(1)),
    stories.identity(WHO[0], identity_key=stories.key(3), kem=11),
]


@settings(max_examples=60)
@given(stories.stories(WHO), st.integers(1, 9))
@example(OF_A_REPLACED_IDENTITY, 1)
def test_rows_of_random_histories_are_what_the_fold_expects(story: list[Said], page: int) -> None:
    entries = records(story)
    found = compared(folded(entries, page=page), oracle_rows(entries))
    assert [violation for violation in found if violation.kind in RULES] == []


class Naive:
    """Mailboxes as lists: what a reader with a pencil would write down."""

    def __init__(self) -> None:
        self.accepted: dict[Any, list[int]] = {}
        self.settled: dict[Any, int] = {}
        self.delivered = self.expired = self.dropped = 0

    def apply(self, said: Said) -> None:
        event, seq = said
        box, user = (event.user, event.device), event.user
        match type(event).__name__:
            case "IdentitySet":
                self.accepted.setdefault(box, [])
            case "EnvelopeAccepted":
                self.accepted[box].append(seq)
            case "EnvelopesAcknowledged" | "EnvelopesExpired" as kind:
                count = len([number for number in self.owed(box) if number <= seq])
                self.settled[box] = max(self.settled.get(box, 0), seq)
                if kind == "EnvelopesAcknowledged":
                    self.delivered += count
                else:
                    self.expired += count
            case "DeviceClosed":
                self._drop(box)
            case "AccountDeleted":
                for key in [key for key in self.accepted if key[0] == user]:
                    self._drop(key)

    def owed(self, box: Any) -> list[int]:
        return [number for number in self.accepted[box] if number > self.settled.get(box, 0)]

    def _drop(self, box: Any) -> None:
        self.dropped += len(self.owed(box))
        del self.accepted[box]
        self.settled.pop(box, None)


@st.composite
def legal(draw: st.DrawFn) -> list[Said]:
    """A history that the log's functions allow: each keeps its mailbox in mind."""
    story: list[Said] = []
    boxes: dict[Any, list[int]] = {}
    number = 0
    for at in range(draw(st.integers(0, 40))):
        user = draw(st.sampled_from(WHO))
        number += 1
        box = boxes.get(user)
        if box is None:
            boxes[user] = [number, 0, 0, 0]
            story.append(stories.identity(user, number, "first", at, stories.key(1)))
            continue
        device, head, cursor, floor = box
        settled = max(cursor, floor)
        kind = draw(st.sampled_from(["accept"] * 4 + ["ack", "ack", "expire", "upload", "take", "delete"]))
        if kind == "accept":
            box[1] += 1
            story.append(stories.accepted(user, device, head + 1, at))
        elif kind == "ack" and head > cursor:
            box[2] = draw(st.integers(cursor + 1, head))
            story.append(stories.acknowledged(user, device, box[2], at))
        elif kind == "expire" and head > settled:
            box[3] = draw(st.integers(settled + 1, head))
            story.append(stories.expired(user, device, box[3], box[3] - settled, at))
        elif kind == "upload":
            story.append(stories.uploaded(user, device, number, at=at))
        elif kind == "take" and (mine := _waiting(story, user, device)):
            story.append(stories.taken(user, device, mine[0], at))
        elif kind == "delete":
            del boxes[user]
            story.append(stories.deleted(user, device, at))
    return story


def _waiting(story: list[Said], user: Any, device: int) -> list[int]:
    mine = [said for said, _ in story if (said.user, said.device) == (user, device)]
    up = [prekey.id for said in mine for prekey in getattr(said, "prekeys", ())]
    return [one for one in up if one not in {getattr(said, "prekey_id", 0) for said in mine}]


@settings(max_examples=50)
@given(legal(), st.integers(1, 9), st.integers(0, 40))
def test_a_legal_history_has_no_violation_and_adds_up_wherever_the_log_begins(
    story: list[Said], page: int, trimmed: int
) -> None:
    naive = Naive()
    for said in story:
        naive.apply(said)
    entries = records(story)
    fold = folded(entries, page=page)
    totals, owed = fold.totals, sum(len(naive.owed(box)) for box in naive.accepted)
    assert compared(fold, oracle_rows(entries)) == []
    assert (totals.delivered, totals.expired, totals.dropped) == (
        naive.delivered,
        naive.expired,
        naive.dropped,
    )
    assert (
        totals.accepted
        == totals.delivered + totals.expired + totals.dropped + owed
        == owed + sum((naive.delivered, naive.expired, naive.dropped))
    )
    assert fold.owed() == owed

    left = folded(entries[trimmed:], complete=False, page=page)
    assert compared(left, oracle_rows(entries)) == [], "a log that was trimmed has an unknown past"
    assert (
        left.totals.accepted
        == left.totals.delivered + left.totals.expired + left.totals.dropped + left.owed()
    )


def test_what_belongs_to_another_identity_than_the_present_one_is_named_and_changes_nothing() -> None:
    user, present, other = WHO[0], stories.key(1), stories.key(2)
    entries = records(
        [
            stories.identity(user, identity_key=present),
            stories.uploaded(user, 1, 7, under=present),
            stories.uploaded(user, 1, 8, under=other),
            stories.kem_uploaded(user, 1, 8, under=other),
            stories.signed(user, 1, 3, kem=12, under=other),
            stories.identity(user, 2, "added", identity_key=other),
        ]
    )
    found = compared(folded(entries), oracle_rows(entries))
    assert [(violation.kind, str(violation.position)) for violation in found] == [
        ("identity", f"{place}-0") for place in (3, 4, 5, 6)
    ]
