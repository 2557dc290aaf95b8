"""Dockerfile and compose files: who runs as what, what is reached from where, which versions."""

import re
import tomllib
from typing import Any

import pytest

from schema import durability
from schema.roles import WORKERS
from tests.ops.deploy.reading import DEPLOY, ROOT, compose, services

PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
OURS = f"sealstream:{VERSION}"


def dockerfile() -> list[tuple[str, str]]:
    """(instruction, arguments), with continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def values(instruction: str) -> list[str]:
    return [arguments for name, arguments in dockerfile() if name == instruction]


def both(name: str) -> dict[str, Any]:
    return services("compose.yaml") | services(name)


def test_every_image_is_pinned_to_a_version() -> None:
    images = [arguments.split()[0] for arguments in values("FROM")]
    images += [one["image"] for one in services().values()]
    images += [one["image"] for one in services("compose.cluster.yaml").values() if "image" in one]
    assert [image for image in images if not PINNED.fullmatch(image)] == []
    assert {image for image in images if image.startswith("sealstream")} == {OURS}


def test_the_image_is_built_in_stages_and_runs_without_root() -> None:
    stages = [arguments for name, arguments in dockerfile() if name == "FROM"]
    assert [stage.rpartition(" AS ")[2] for stage in stages[:2]] == ["client", "python"]
    last = dockerfile()[[name for name, _ in dockerfile()].index("USER") :]
    assert [arguments for name, arguments in last if name == "USER"] == ["10001:10001"]
    assert not any(name == "RUN" for name, _ in last)
    assert "--require-hashes" in " ".join(values("RUN"))


def test_the_image_names_no_address_to_download_from() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert set(re.findall(r"https?://[\w.:]+", text)) == {"http://127.0.0.1:8080"}
    assert not re.search(r"\b(curl|wget|ADD|--index-url|--registry)\b", text)


def test_the_image_is_checked_at_healthz() -> None:
    (check,) = values("HEALTHCHECK")
    assert "http://127.0.0.1:8080/healthz" in check


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    allowed = {
        line[1:].rstrip("/")
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    for arguments in values("COPY"):
        if not arguments.startswith("--from"):
            *sources, _ = arguments.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert source.split("/")[0] in allowed, source


@pytest.mark.parametrize("name", ["node-0", "node-1", *WORKERS, "migrate", "functions", "roles", "tool"])
def test_each_of_our_processes_is_confined(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"]["nofile"] == {"soft": 65536, "hard": 65536}
    assert "ports" not in service


def test_only_caddy_is_reached_from_outside() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert {name for name, ports in published.items() if not all("127.0.0.1:" in port for port in ports)} == {
        "caddy"
    }
    networks = compose()["networks"]
    assert {name for name, one in networks.items() if one.get("internal")} == {"front", "data", "watch"}


def test_nodes_believe_caddy_alone() -> None:
    caddy = services()["caddy"]["networks"]["front"]["ipv4_address"]
    for name in ("node-0", "node-1"):
        assert services()[name]["environment"]["SEALSTREAM_TRUSTED_PROXIES"] == caddy
        assert f"{name}:8080" in services()["caddy"]["environment"]["NODES"].split()


def test_each_process_has_the_users_of_its_own_role() -> None:
    own = {
        "node-0": "node", "node-1": "node", "migrate": "admin", "functions": "admin", "tool": "operator",
        **{name: name for name in WORKERS},
    }  # fmt: skip
    found = {name: service["env_file"] for name, service in services().items() if "env_file" in service}
    assert found == {name: [f"./secrets/roles/{role}.env"] for name, role in own.items()}
    for name in ("log", "board"):
        assert f"./secrets/roles/{name}.acl:/etc/valkey/users.acl:ro" in services()[name]["volumes"]
        assert services()[name]["command"][2:] == ["--aclfile", "/etc/valkey/users.acl"]


def test_the_secret_goes_to_nodes_and_retention_and_archive_and_files_are_one_place() -> None:
    holders = {name for name, service in services().items() if "secrets" in service}
    assert holders == {"node-0", "node-1", "retention", "tool"}
    archive, blobs = (f"{name}:/var/lib/sealstream/{name}" for name in ("archive", "blobs"))
    assert services()["retention"]["volumes"] == services()["tool"]["volumes"] == [archive, blobs]
    assert services()["node-0"]["volumes"] == services()["node-1"]["volumes"] == [blobs]


def settings_of(name: str) -> dict[str, str]:
    lines = (DEPLOY / "valkey" / name).read_text("utf-8").splitlines()
    return dict(line.split(None, 1) for line in lines if line and not line.startswith("#"))


def test_the_log_has_every_setting_that_the_relay_asks_for() -> None:
    found = {"role": "master", **settings_of("log.conf")}
    assert durability.faults({"log": found}) == []
    assert "maxmemory" in found
    assert settings_of("board.conf")["maxmemory-policy"] == "noeviction"
    assert settings_of("board.conf")["appendonly"] == "no"
    text = (DEPLOY / "valkey" / "cluster.conf").read_text("utf-8")
    assert re.findall(r"^include (.+)$", text, re.MULTILINE) == [
        "/etc/valkey/log.conf", "/etc/valkey/replica.conf",
    ]  # fmt: skip


def test_a_cluster_takes_the_place_of_the_log_for_every_process() -> None:
    cluster = services("compose.cluster.yaml")
    servers = [f"log-{number}" for number in range(6)]
    addresses = [cluster[name]["networks"]["data"]["ipv4_address"] for name in servers]
    assert cluster["log-cluster"]["command"][2:] == addresses
    assert cluster["log"] == {"profiles": ["single-log"]}
    assert cluster["roles"]["environment"]["SEALSTREAM_LOG_URL"] == "redis://log-0:6379?cluster=true"
