"""The units: which processes, confined how, with room for how many connections."""

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from schema.roles import WORKERS
from schema.settings import Settings
from tests.ops.deploy.reading import DEPLOY, check_command, files

UNITS = DEPLOY / "systemd"
PROGRAM = "/opt/sealstream/.venv/bin/sealstream"
ROLES = {
    "sealstream-migrate.service": "admin",
    "sealstream-functions.service": "admin",
    "sealstream-node@.service": "node",
    "sealstream-worker@.service": "%i",
}
SERVICES = tuple(ROLES)


def unit(name: str) -> ConfigParser:
    found = ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(UNITS / name)
    return found


def wanted() -> list[str]:
    text = (UNITS / "sealstream.target").read_text("utf-8")
    return [name for line in re.findall(r"^Wants=(.+)$", text, re.MULTILINE) for name in line.split()]


def test_the_target_starts_two_nodes_and_each_worker() -> None:
    workers = [f"sealstream-worker@{name}.service" for name in WORKERS]
    others = ["sealstream-node@0.service", "sealstream-node@1.service", "sealstream-functions.service"]
    assert sorted(wanted()) == sorted([*others, *workers])
    for name in ("sealstream-node@.service", "sealstream-worker@.service"):
        assert unit(name)["Unit"]["PartOf"] == "sealstream.target"
        assert unit(name)["Unit"]["Requires"] == "sealstream-migrate.service"
        assert "sealstream-migrate.service" in unit(name)["Unit"]["After"].split()


@pytest.mark.parametrize("name", ["sealstream-migrate.service", *wanted()])
def test_every_unit_runs_a_command_of_the_command_line(name: str) -> None:
    instance = name.partition("@")[2].removesuffix(".service")
    template = f"{name.partition('@')[0]}@.service" if instance else name
    program, *words = unit(template)["Service"]["ExecStart"].replace("%i", instance).split()
    assert program == PROGRAM
    check_command(words)


@pytest.mark.parametrize(("name", "role"), list(ROLES.items()))
def test_every_unit_has_the_users_of_its_own_role(name: str, role: str) -> None:
    text = (UNITS / name).read_text("utf-8")
    assert re.findall(r"^EnvironmentFile=(.+)$", text, re.MULTILINE) == [
        "/etc/sealstream/sealstream.env", f"/etc/sealstream/roles/{role}.env",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_every_unit_is_confined(name: str) -> None:
    service = unit(name)["Service"]
    assert service["User"] == "sealstream"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert service["StateDirectory"] == "sealstream"
    if "@" in name:
        assert int(service["LimitNOFILE"]) >= 65536
        assert service["Restart"] == "always"


def test_the_environment_file_can_be_read() -> None:
    lines = (UNITS / "sealstream.env").read_text("utf-8").splitlines()
    environment = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = Settings.from_env(environment)
    assert settings.nodes == sum("node@" in name for name in wanted())
    assert settings.data == Path("/var/lib/sealstream")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for path in files("systemd/*"):
        text = path.read_text("utf-8").replace(PROGRAM, "/bin/true")  # it has to be there to be verified
        (tmp_path / path.name).write_text(text)
    names = ["sealstream.target", "sealstream-migrate.service", *wanted()]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
