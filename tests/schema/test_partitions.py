"""The partition of a user is a matter of record: a change would lose every mailbox."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schema.partitions import partition_of


def test_known_users_fall_where_they_always_fell() -> None:
    assert partition_of(UUID("00000000-0000-4000-8000-00000000000a"), 8) == 5
    assert partition_of(UUID("123e4567-e89b-42d3-a456-426614174000"), 8) == 6


@given(st.uuids(), st.integers(1, 1024))
def test_a_partition_is_below_the_count(user: UUID, partitions: int) -> None:
    assert 0 <= partition_of(user, partitions) < partitions
