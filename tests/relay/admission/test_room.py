"""How many connections a node takes under a limit on open files."""

import pytest

from relay.admission.room import OWN_LEAST, Room


@pytest.mark.parametrize("limit", [OWN_LEAST + 32, 256, 1024, 4096, 20_000, 65_536, 2**20])
def test_connections_and_the_files_sent_to_them_leave_the_nodes_own_links_their_room(limit: int) -> None:
    room = Room.within(limit)
    assert 2 * room.calls + room.unauthenticated + room.live <= limit - OWN_LEAST
    assert min(room.calls, room.unauthenticated_per_address, room.live) > 1


def test_a_node_with_hardly_any_open_files_takes_a_few_connections() -> None:
    assert Room.within(16) == Room.within(OWN_LEAST)
    assert Room.within(16).live > 1
