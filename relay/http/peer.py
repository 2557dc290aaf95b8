"""Who is at the other end: the address that limits count by.

Invariant: a forwarded address is believed only from a proxy the operator named, and only the rightmost
one that such a proxy did not add itself; everything further left is what the peer made up. A header that is
not believed is logged, once a minute: it mostly comes from a proxy that the operator forgot to name.
"""

import time
from collections.abc import Callable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

import structlog
from aiohttp import web

from schema.settings import BadSetting

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

log = structlog.get_logger(__name__)

FORWARDING: Final = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
"""What a proxy tells an address by; only the first is ever read."""
NOTICE_SECONDS: Final = 60.0
"""At least this long between two notices."""
NOTICE: Final = (
    "Requests carry a forwarded address from a peer that SEALSTREAM_TRUSTED_PROXIES does not name. If it is "
    "your proxy, set SEALSTREAM_TRUSTED_PROXIES to its address: until then all users count as one address "
    "and share one log-in limit. If there is no proxy, a client made the header up."
)


class Peers:
    """`trusted_proxies`: addresses or networks; `now` gives seconds. Raises BadSetting."""

    def __init__(self, trusted_proxies: tuple[str, ...], now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._noticed_at = float("-inf")
        try:
            self._trusted: list[Network] = [ip_network(text, strict=False) for text in trusted_proxies]
        except ValueError as error:
            raise BadSetting(f"SEALSTREAM_TRUSTED_PROXIES: {error}") from error

    def subject(self, request: web.Request) -> str:
        """What limits count by: an IPv4 address, or the /64 network that one IPv6 host can choose from."""
        address = self.address(request)
        if address is None:
            return "local"
        return str(ip_network((address, 64), strict=False)) if address.version == 6 else str(address)

    def address(self, request: web.Request) -> Address | None:
        """The peer's address; None on a local socket without a believable forwarding header."""
        peer = _read(request.remote or "")
        if not (self._trusted if peer is None else self._is_trusted(peer)):
            self._notice(request)
            return peer
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        for text in reversed(forwarded):
            hop = _read(text.strip())
            if hop is None:
                break
            peer = hop
            if not self._is_trusted(hop):
                break
        return peer

    def _notice(self, request: web.Request) -> None:
        """Logs that the request brought a header that is not believed. Never an address."""
        now = self._now()
        if now - self._noticed_at < NOTICE_SECONDS:
            return
        if any(name in request.headers for name in FORWARDING):
            self._noticed_at = now
            log.error("proxy_not_trusted", setting="SEALSTREAM_TRUSTED_PROXIES", reason=NOTICE)

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted if network.version == address.version)


def _read(text: str) -> Address | None:
    """An address, with or without a port; IPv4 mapped into IPv6 is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
