"""The address that limits count by; origins."""

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from relay.http.headers import origin_allowed
from relay.http.peer import Peers
from schema.settings import BadSetting


def asked(remote: str | None, *forwarded: str, **headers: str) -> Any:
    """A request that came from `remote`."""
    lines = [("X-Forwarded-For", text) for text in forwarded] + list(headers.items())
    from multidict import CIMultiDict

    return make_mocked_request("GET", "/", headers=CIMultiDict(lines)).clone(remote=remote)


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "subject"),
    [
        ((), "192.0.2.1", [], "192.0.2.1"),
        ((), "192.0.2.1", ["203.0.113.5"], "192.0.2.1"),
        (("10.0.0.0/8",), "192.0.2.1", ["203.0.113.5"], "192.0.2.1"),
        (("10.0.0.0/8",), "10.0.0.2", ["203.0.113.5"], "203.0.113.5"),
        (("10.0.0.2",), "10.0.0.2", ["1.1.1.1, 203.0.113.5"], "203.0.113.5"),
        (("10.0.0.0/8",), "10.0.0.2", ["1.1.1.1, 203.0.113.5, 10.0.0.9"], "203.0.113.5"),
        (("10.0.0.0/8",), "10.0.0.2", ["1.1.1.1", "203.0.113.5"], "203.0.113.5"),
        (("10.0.0.0/8",), "10.0.0.2", ["203.0.113.5:4711"], "203.0.113.5"),
        (("10.0.0.0/8",), "10.0.0.2", ["[2001:db8:1:2:3::4]:4711"], "2001:db8:1:2::/64"),
        (("10.0.0.0/8",), "10.0.0.2", ["203.0.113.5, nonsense"], "10.0.0.2"),
        (("10.0.0.0/8",), "10.0.0.2", ["unknown, 10.0.0.9"], "10.0.0.9"),
        (("10.0.0.0/8",), "10.0.0.2", [""], "10.0.0.2"),
        (("10.0.0.0/8",), "10.0.0.2", [], "10.0.0.2"),
        (("10.0.0.0/8",), "::ffff:10.0.0.2", ["203.0.113.5"], "203.0.113.5"),
        (("::1",), "::1", ["203.0.113.5"], "203.0.113.5"),
        ((), "2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ((), "fe80::1%eth0", [], "fe80::/64"),
        ((), None, [], "local"),
        ((), None, ["203.0.113.5"], "local"),
        (("10.0.0.0/8",), None, ["203.0.113.5"], "203.0.113.5"),
    ],
)
def test_threat_24_a_forwarded_address_is_believed_from_named_proxies_only(
    trusted: tuple[str, ...], remote: str | None, forwarded: list[str], subject: str
) -> None:
    assert Peers(trusted).subject(asked(remote, *forwarded)) == subject


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
@pytest.mark.parametrize(("trusted", "remote"), [((), "10.0.0.2"), (("10.0.0.3",), "10.0.0.2"), ((), None)])
def test_a_forwarding_header_of_a_peer_that_is_not_named_is_logged_once_a_minute(
    trusted: tuple[str, ...], remote: str | None, header: str
) -> None:
    times = [1000.0, 1059.9, 1060.0, 1061.0]
    peers = Peers(trusted, now=lambda: times[len(said)])
    request = asked(remote, **{header: "203.0.113.5"})
    said: list[list[tuple[str, str, str]]] = []
    while len(said) < len(times):
        with capture_logs() as lines:
            peers.subject(asked(remote))  # one without such a header is nothing to speak of
            peers.subject(request)
        said.append([(line["event"], line["log_level"], line["setting"]) for line in lines])
        assert not any(part in str(lines) for part in ("203.0.113.5", "10.0.0"))
    notice = [("proxy_not_trusted", "error", "SEALSTREAM_TRUSTED_PROXIES")]
    assert said == [notice, [], notice, []]


def test_a_proxy_that_is_named_is_not_logged() -> None:
    with capture_logs() as lines:
        assert Peers(("10.0.0.2",)).subject(asked("10.0.0.2", "203.0.113.5")) == "203.0.113.5"
    assert lines == []


@pytest.mark.parametrize("text", ["nonsense", "10.0.0.0/99", "10.0.0.1:80"])
def test_a_proxy_that_is_none_is_a_bad_setting(text: str) -> None:
    with pytest.raises(BadSetting, match="SEALSTREAM_TRUSTED_PROXIES"):
        Peers((text,))


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "chat.example", True),
        ("https://chat.example", "chat.example", True),
        ("https://chat.example", "chat.example:443", True),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("https://listed.example", "chat.example", True),
        ("capacitor://localhost", "chat.example", True),
        ("https://localhost", "chat.example", True),
        ("http://localhost", "chat.example", True),
        ("http://127.0.0.1:8081", "127.0.0.1:8080", False),
        ("https://chat.example:8443", "chat.example", False),
        ("https://evil.example", "chat.example", False),
        ("https://chat.example.evil.example", "chat.example", False),
        ("https://listed.example:8443", "chat.example", False),
        ("ftp://chat.example", "chat.example", False),
        ("file://", "", False),
        ("null", "chat.example", False),
        ("", "chat.example", False),
        ("http://[", "chat.example", False),
        ("https://chat.example\u2100", "chat.example", False),
    ],
)
@pytest.mark.parametrize("more", [{}, {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}])
def test_threat_22_only_own_native_and_listed_origins_open_sockets(
    origin: str | None, host: str, *, allowed: bool, more: dict[str, str]
) -> None:
    headers = {"Host": host, **more} | ({} if origin is None else {"Origin": origin})
    request = asked("192.0.2.1", **headers)
    assert origin_allowed(request, ("https://listed.example",)) is allowed
