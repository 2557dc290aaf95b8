"""The command line tells its user what there is, what was wrong, and what to do: never a stack trace."""

import os
from base64 import b64encode
from pathlib import Path

import pytest

from ops.cli import main
from schema.settings import DOCUMENTED
from tests.ops.hand import Hand
from tests.ops.programs import sealstream

COMMANDS: tuple[tuple[str, ...], ...] = (
    (), ("up",), ("node",), ("worker",), ("migrate",), ("keys",), ("keys", "rotate"), ("version",),
    ("limits",), ("limits", "show"), ("limits", "set"), ("limits", "clear"), ("doctor",), ("streams",),
    ("quarantine",), ("quarantine", "show"), ("quarantine", "retry"), ("quarantine", "drop"),
    ("users",), ("users", "show"), ("users", "close"), ("users", "delete"), ("with-servers",), ("replay",),
    *(("replay", name) for name in ("audit", "trace", "tail", "export", "rebuild", "stats")),
    ("replay", "restore-log-heads"), ("replay", "adopt-log"),
)  # fmt: skip
AWAY = "postgresql://somebody:secret@127.0.0.1:1/none"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    done = Hand()(*command, "--help")
    assert done.status == 0
    usage, _, rest = done.out.partition("\n\n")
    assert usage.startswith(" ".join(("Usage: sealstream", *command)))
    assert "\n" not in usage, "it fits on a line"
    assert "..." not in rest, "no sentence is cut off"
    assert rest.strip()


def test_it_starts_as_a_program_of_its_own() -> None:
    done = sealstream("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: sealstream")


def test_the_options_tell_their_settings_and_defaults() -> None:
    told = " ".join(Hand()("up", "--help").out.split())
    defaults = {name: default for name, default, _ in DOCUMENTED}
    for name in ("SEALSTREAM_DATA", "SEALSTREAM_HOST", "SEALSTREAM_PORT", "SEALSTREAM_NODES"):
        assert f"else {name}, else {defaults[name]}." in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("up", "--port", "99999"), "'--port': 99999 is not in the range 1<=x<=65535"),
        (("up", "--nodes", "0"), "'--nodes': 0 is not in the range 1<=x<=64"),
        (("worker", "gardener"), "'NAME': 'gardener' is not one of 'projector', 'pusher'"),
        (("limits", "set", "anna"), "Missing argument 'NAME'. Choose from:\n\tmessages"),
        (("tidy",), "No such command 'tidy'"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_slip_is_named_with_what_would_do(arguments: tuple[str, ...], words: str) -> None:
    done = Hand()(*arguments)
    assert done.status == 2
    assert words in done.err


def test_a_database_that_is_away_is_said_in_one_line_without_its_password(tmp_path: Path) -> None:
    secret = tmp_path / "secret.key"
    secret.write_bytes(b64encode(bytes(32)))
    secret.chmod(0o600)
    done = sealstream("keys", "rotate", SEALSTREAM_DATA=str(tmp_path), SEALSTREAM_DATABASE_URL=AWAY)
    assert done.returncode == 1
    assert done.stderr.startswith("sealstream: The database is away: ")
    assert done.stderr.endswith("Connection refused\n")
    assert done.stderr.count("\n") == 1
    assert AWAY not in done.stderr
    assert "secret@" not in done.stderr


def test_a_secret_that_others_may_read_is_told_in_one_sentence(tmp_path: Path, database_url: str) -> None:
    secret = tmp_path / "secret.key"
    secret.write_bytes(b64encode(bytes(32)))
    for mode, told in (
        (0o644, f"sealstream: Others on this machine may read {secret}: chmod 600 it.\n"),
        (0o600, ""),
    ):
        secret.chmod(mode)
        done = sealstream(
            "keys", "rotate", SEALSTREAM_DATA=str(tmp_path), SEALSTREAM_DATABASE_URL=database_url
        )
        assert (done.returncode, done.stderr) == (0, told)
        assert done.stdout.startswith("A new key signs from now on")
        assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(("before", "after"), [(0o777, 0o077), (0o022, 0o022), (0o277, 0o077)])
def test_what_a_command_makes_is_its_own_to_read_whatever_the_umask(before: int, after: int) -> None:
    kept = os.umask(before)
    try:
        main(["version"], standalone_mode=False)
        assert os.umask(before) == after
    finally:
        os.umask(kept)
