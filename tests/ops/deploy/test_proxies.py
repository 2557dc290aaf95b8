"""The proxies' files: what they pass on, and what they throw away."""

import re

from relay.http.table import ROUTES
from relay.sockets.engine import PING_INTERVAL_SECONDS, PING_TIMEOUT_SECONDS
from tests.ops.deploy.reading import DEPLOY


def directives(name: str) -> list[str]:
    """The lines of a file without its comments."""
    lines = [line.strip() for line in (DEPLOY / name).read_text("utf-8").splitlines()]
    return [" ".join(line.split()) for line in lines if line and not line.startswith("#")]


def test_nginx_sets_the_forwarded_address_anew_and_passes_host_and_websockets() -> None:
    lines = directives("nginx/sealstream.conf")
    headers = dict(re.findall(r"proxy_set_header (\S+) (\S+);", "\n".join(lines)))
    assert headers == {
        "Host": "$http_host",
        "Upgrade": "$http_upgrade",
        "Connection": "$sealstream_connection",
        "X-Forwarded-For": "$remote_addr",
    }
    assert "proxy_http_version 1.1;" in lines
    assert "listen 443 ssl http2;" in lines


def test_nginx_waits_longer_than_a_socket_may_be_silent() -> None:
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", "\n".join(directives("nginx/sealstream.conf")))
    assert int(seconds) > PING_INTERVAL_SECONDS + PING_TIMEOUT_SECONDS


def test_caddy_believes_no_client_and_asks_each_node_whether_it_is_ready() -> None:
    lines = directives("caddy/Caddyfile")
    assert not any("trusted_proxies" in line or "X-Forwarded-For" in line for line in lines)
    (path,) = [line.split()[1] for line in lines if line.startswith("health_uri ")]
    assert path == "/readyz"
    assert path in {route.path for route in ROUTES}
