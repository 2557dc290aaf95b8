"""What `up` says about the address that it listens on."""

from pathlib import Path

import pytest

from ops.embedded.layout import layout
from ops.supervisor.plan import plan
from ops.supervisor.readiness import without_tls
from ops.supervisor.up import _greet
from schema.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "::1", "localhost"])
def test_a_loopback_address_needs_no_tls(host: str) -> None:
    assert without_tls(host) is None


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.0.2.7", "2001:db8::7", "fe80::1%eth0", "chat.example.org"]
)
def test_any_other_address_is_told_that_browsers_need_https(host: str) -> None:
    assert "need https" in (without_tls(host) or "")


@pytest.mark.parametrize(("host", "notes"), [("127.0.0.1", 0), ("0.0.0.0", 1), ("::", 1)])
def test_up_says_so_when_it_is_ready(host: str, notes: int, tmp_path: Path) -> None:
    environment = {"SEALSTREAM_HOST": host, "SEALSTREAM_DATA": str(tmp_path)}
    places = layout(tmp_path)
    lines: list[str] = []
    _greet(plan(Settings.from_env(environment), places, environment), places, lines.append)  # type: ignore[arg-type]
    assert "ready" in lines[0]
    assert sum("need https" in line for line in lines) == notes
