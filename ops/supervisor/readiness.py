"""What is still missing, in words; None when nothing is."""

import asyncio
import http.client
import json
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from schema import servers
from schema.failures import AWAY
from schema.waiting import why

ANSWER_SECONDS: Final = 3.0

Missing = Callable[[], str | None]


def all_of(checks: dict[str, Callable[[], bool]]) -> Missing:
    """Names every check that is not true yet."""

    def missing() -> str | None:
        names = [name for name, check in checks.items() if not check()]
        return ", ".join(names) or None

    return missing


def nodes_ready(host: str, ports: list[int]) -> Missing:
    """Asks each node's /readyz."""

    def missing() -> str | None:
        answers = [words for port in ports if (words := _ask(host, port)) is not None]
        return "; ".join(answers) or None

    return missing


def reachable_host(host: str) -> str:
    """Where a program on this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only


def without_tls(host: str) -> str | None:
    """What to tell an operator who lets other machines connect without TLS; None for a loopback address."""
    try:
        is_loopback = ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if is_loopback:
        return None
    return "Browsers on other machines need https: put a proxy with a certificate before it (README, HTTPS)."


def address(host: str, port: int) -> str:
    """The URL that a browser on this machine opens."""
    name = reachable_host(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _ask(host: str, port: int) -> str | None:
    connection = http.client.HTTPConnection(reachable_host(host), port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read(4096)
    except ConnectionRefusedError:
        return f"the node on port {port} (starting)"
    except (OSError, http.client.HTTPException) as error:
        return f"the node on port {port} ({error})"
    finally:
        connection.close()
    return None if answer.status == 200 else f"the node on port {port} ({_down(body)})"


def _down(body: bytes) -> str:
    try:
        return "waits for " + ", ".join(json.loads(body)["down"])
    except (ValueError, KeyError, TypeError):
        return "not ready"


def server_away(url: str) -> str | None:
    """Tries once: None if the Valkey/Redis server, or the cluster, answers, else why not."""

    async def ping() -> None:
        client = servers.client(url)
        try:
            await asyncio.wait_for(client.ping(), ANSWER_SECONDS)
        finally:
            await client.aclose()

    try:
        asyncio.run(ping())
    except AWAY as error:
        return why(error)
    return None
