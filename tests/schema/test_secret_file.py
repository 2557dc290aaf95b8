"""The operator's secret file: made once, private, and never half there."""

import stat
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from schema.secret_file import is_exposed, read_or_create
from schema.settings import BadSetting


def test_the_first_start_makes_a_private_file_and_later_ones_read_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "secret.key"
    secret = read_or_create(path)
    assert len(secret) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_create(path) == secret
    assert [entry.name for entry in path.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        secrets = list(threads.map(read_or_create, [tmp_path / "secret.key"] * 32))
    assert len(set(secrets)) == 1


@pytest.mark.parametrize("content", [b"", b"not base64!", b64encode(bytes(31)), b64encode(bytes(33))])
def test_a_file_that_holds_something_else_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(content)
    with pytest.raises(BadSetting, match=r"SEALSTREAM_SECRET_FILE: .*secret\.key"):
        read_or_create(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="SEALSTREAM_SECRET_FILE"):
        read_or_create(tmp_path / "file" / "secret.key")


@pytest.mark.parametrize(("mode", "exposed"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_file_that_others_may_read_is_used_and_known(tmp_path: Path, mode: int, exposed: bool) -> None:
    path = tmp_path / "secret.key"
    secret = read_or_create(path)
    path.chmod(mode)
    assert read_or_create(path) == secret
    assert is_exposed(path) == exposed
