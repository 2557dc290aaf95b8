"""Which callers a listening node hears."""

import asyncio
import socket

import pytest

from relay.http.connections import RECEIVE_BYTES, listen


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("caller", ["127.0.0.1", "::1"])
def test_the_unspecified_address_of_ipv6_serves_both_families(caller: str) -> None:
    with listen("::", 0) as listening:
        asking = socket.create_connection((caller, listening.getsockname()[1]), timeout=5)
        listening.settimeout(5)
        answering, (address, *_) = listening.accept()
        asking.close()
        answering.close()
    assert address.removeprefix("::ffff:") == caller


def test_an_address_of_ipv4_serves_that_one() -> None:
    with listen("127.0.0.1", 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", listening.getsockname()[1])


async def test_threat_12_the_kernel_keeps_little_that_the_node_does_not_read() -> None:
    with listen("127.0.0.1", 0) as listening:
        asking = socket.create_connection(listening.getsockname())
        asking.setblocking(False)
        answering, _ = await asyncio.get_running_loop().sock_accept(listening)
        kept = answering.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        asking.close()
        answering.close()
    assert kept <= 2 * RECEIVE_BYTES  # the kernel doubles what it is told
