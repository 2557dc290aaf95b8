"""Also what leaves the log because its thirty days are over is in the archive first."""

from pathlib import Path
from typing import Any

import pytest

from schema import keys
from tests.workers.archive.conftest import Make, read_by_all, tell
from tests.workers.archive.reads import faults, joined, positions, segment
from tests.workers.archive.test_archivist import history
from workers.retention.trimming import Trimmer

WINDOW = 300


async def trim(trimmer: Trimmer, now: int) -> int:
    return await trimmer.trim_window(1, now=now, window_ms=WINDOW)


async def test_the_trim_is_exact_and_the_archive_a_little_ahead_of_it(log, database, make: Make) -> None:
    await tell(log, history(100))
    await read_by_all(log, database)
    archivist = make(entries=50)
    trimmer = Trimmer(database, log, archivist)
    assert await trim(trimmer, WINDOW + 6) == 5
    assert (await log.xrange(keys.log(0), count=1))[0][0] == b"6-0"
    assert (await archivist.head(0)).last.ms == 15
    assert await trim(trimmer, WINDOW + 10) == 4
    assert (await archivist.head(0)).number == 1, "a segment was written ahead: no file in every round"
    assert await trim(trimmer, WINDOW + 12) == 2
    assert (await archivist.head(0)).last.ms == 21, "it stays half a day ahead"
    assert await trim(trimmer, WINDOW + 500) == 89
    assert await positions(joined(archivist, log)) == list(range(1, 101))
    assert await faults(archivist, database) == []


async def test_what_is_in_the_archive_goes_also_while_it_is_away(
    log: Any, database: Any, make: Make, place: Path, capsys: Any
) -> None:
    await tell(log, history(100))
    await read_by_all(log, database)
    assert await trim(Trimmer(database, log, make(entries=50)), WINDOW + 6) == 5
    archivist = make(entries=50)  # as after a restart: it knows no head
    archivist.store.root = Path("/dev/null/nowhere")
    assert await trim(Trimmer(database, log, archivist), WINDOW + 14) == 8
    said = capsys.readouterr().out
    assert "archive_away" in said
    assert "error=NotADirectoryError" in said
    assert "log_trimmed_without_archive" not in said
    archivist.store.root = place
    assert await trim(Trimmer(database, log, archivist), WINDOW + 14) == 0
    assert await positions(joined(archivist, log)) == list(range(1, 101))
    assert await faults(archivist, database) == []


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_is_too_old_goes_although_the_archive_is_away_and_the_chain_says_what_it_lacks(
    log: Any, database: Any, make: Make, place: Path, capsys: Any, restarted: bool
) -> None:
    await tell(log, history(100))
    await read_by_all(log, database)
    archivist = make(entries=50)
    await trim(Trimmer(database, log, archivist), WINDOW + 6)
    archivist.store.root = Path("/dev/null/nowhere")
    assert await trim(Trimmer(database, log, archivist), WINDOW + 40) == 34
    assert (await log.xrange(keys.log(0), count=1))[0][0] == b"40-0"
    said = capsys.readouterr().out
    assert "log_trimmed_without_archive" in said
    assert "entries=24" in said
    assert "archive: NotADirectoryError" in said
    if restarted:
        archivist = make(entries=50)
    archivist.store.root = place
    assert await trim(Trimmer(database, log, archivist), WINDOW + 500) == 61
    assert await positions(joined(archivist, log)) == [*range(1, 16), *range(40, 101)]
    assert await faults(archivist, database) == [("unarchived", 2)]


async def test_a_broken_chain_keeps_nothing_beyond_its_time(
    log: Any, database: Any, make: Make, place: Path, capsys: Any
) -> None:
    await tell(log, history(100))
    await read_by_all(log, database)
    await trim(Trimmer(database, log, make(entries=50)), WINDOW + 6)
    segment(place, 2).write_bytes(b"garbage")  # a newer one than the database names
    assert await trim(Trimmer(database, log, make(entries=50)), WINDOW + 40) == 34
    said = capsys.readouterr().out
    assert "partition_not_archived" in said
    assert "entries=24" in said


async def test_a_moment_without_an_archive_is_no_hole_if_it_has_everything(
    log: Any, database: Any, make: Make, capsys: Any
) -> None:
    await tell(log, history(20))
    await tell(log, history(20), first=50)
    await read_by_all(log, database)
    archivist = make(entries=20)
    assert await trim(Trimmer(database, log, archivist), WINDOW + 15) == 14
    assert (await archivist.head(0)).last.ms == 20
    assert await trim(Trimmer(database, log, None), WINDOW + 45) == 6
    assert "log_trimmed_without_archive" not in capsys.readouterr().out
    assert await faults(make(), database) == []
    assert await trim(Trimmer(database, log, None), WINDOW + 55) == 5
    said = capsys.readouterr().out
    assert "entries=5" in said
    assert "SEALSTREAM_ARCHIVE=off" in said
    assert await faults(make(), database) == [("unarchived", 2)]
