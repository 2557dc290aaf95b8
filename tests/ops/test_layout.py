"""The data directory: closed to others, and its sockets always have an address that fits."""

import os
import stat
from pathlib import Path

import pytest

from ops.embedded.layout import SOCKET_ADDRESS_BYTES, layout, prepare
from ops.errors import OperatorError


def test_sockets_lie_in_the_data_directory_when_their_address_fits(tmp_path: Path) -> None:
    assert layout(Path("/srv/sealstream")).sockets == Path("/srv/sealstream/run")


@pytest.mark.parametrize("name", ["x" * 120, "my data", "Ünï", "50%"])
def test_a_long_or_unusual_path_puts_the_sockets_into_a_short_private_folder(
    tmp_path: Path, name: str
) -> None:
    places = layout(tmp_path / name, short=Path("/tmp"))
    prepare(places, traversable=False)
    assert places.sockets.parent == Path("/tmp")
    assert len(os.fsencode(places.sockets / "postgres/.s.PGSQL.5432.lock")) <= SOCKET_ADDRESS_BYTES
    assert stat.S_IMODE(places.sockets.stat().st_mode) == 0o700
    places.sockets.rmdir()


def test_two_data_directories_never_share_their_sockets(tmp_path: Path) -> None:
    assert layout(tmp_path / ("a" * 120)).sockets != layout(tmp_path / ("b" * 120)).sockets


def test_everything_is_closed_to_other_users(tmp_path: Path) -> None:
    places = layout(tmp_path / "data")
    prepare(places, traversable=False)
    for folder in (places.data, places.run, places.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_only_passage_is_open_where_the_database_has_a_user_of_its_own(tmp_path: Path) -> None:
    places = layout(tmp_path / "data")
    prepare(places, traversable=True)
    assert stat.S_IMODE(places.data.stat().st_mode) == 0o711
    assert stat.S_IMODE(places.logs.stat().st_mode) == 0o700


def test_a_sockets_folder_laid_out_by_a_stranger_is_refused(tmp_path: Path) -> None:
    places = layout(tmp_path / ("a" * 120), short=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    places.sockets.symlink_to(elsewhere)
    with pytest.raises(OperatorError, match="belongs to someone else"):
        prepare(places, traversable=False)


def test_a_data_directory_that_cannot_be_made_is_named_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match=r"cannot be used: Not a directory .*SEALSTREAM_DATA"):
        prepare(layout(tmp_path / "file" / "data"), traversable=False)
