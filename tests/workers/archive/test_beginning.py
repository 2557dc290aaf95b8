"""What the operator chose is opened at the start, or refused in a sentence that names the setting."""

from pathlib import Path

import pytest

from schema import secret_file
from schema.settings import BadSetting, Settings
from workers.archive.beginning import begin_archive


def settings(folder: Path, **env: str) -> Settings:
    return Settings.from_env({"SEALSTREAM_DATA": str(folder), **env})


async def test_by_default_it_is_in_the_data_directory_and_signs_with_the_relays_key(
    log, database, tmp_path: Path
) -> None:
    archivist = await begin_archive(settings(tmp_path), database, log)
    assert archivist is not None
    assert archivist.store.root == tmp_path / "archive"
    assert list(archivist.keys) == [archivist.key.kid]
    again = await begin_archive(settings(tmp_path), database, log)
    assert again is not None
    assert again.key.kid == archivist.key.kid


async def test_none_is_warned_of(log, database, tmp_path: Path, capsys) -> None:
    assert await begin_archive(settings(tmp_path, SEALSTREAM_ARCHIVE="off"), database, log) is None
    assert "no_archive" in capsys.readouterr().out
    assert not (tmp_path / "archive").exists()


async def test_a_secret_that_was_exchanged_is_named(log, database, tmp_path: Path) -> None:
    await begin_archive(settings(tmp_path), database, log)
    (tmp_path / "secret.key").unlink()
    secret_file.read_or_create(tmp_path / "secret.key")
    with pytest.raises(BadSetting, match="SEALSTREAM_SECRET_FILE"):
        await begin_archive(settings(tmp_path), database, log)


async def test_a_place_that_cannot_be_used_is_named(log, database, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="SEALSTREAM_ARCHIVE"):
        await begin_archive(settings(tmp_path, SEALSTREAM_ARCHIVE="/dev/null/x"), database, log)
