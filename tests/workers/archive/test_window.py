"""Also what leaves the log because its thirty days are over is in the archive first."""

from pathlib import Path
from typing import Any

from schema import keys
from tests.workers.archive.conftest import Make, read_by_all, tell
from tests.workers.archive.reads import faults, joined, positions
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
    assert await trim(trimmer, WINDOW + 12) == 6
    assert (await archivist.head(0)).number == 1, "a segment was written ahead: no file in every round"
    assert await trim(trimmer, WINDOW + 500) == 89
    assert await positions(joined(archivist, log)) == list(range(1, 101))
    assert await faults(archivist, database) == []


async def test_an_archive_that_is_away_lets_nothing_go_and_the_log_says_so(
    log: Any, database: Any, make: Make, capsys: Any
) -> None:
    await tell(log, history(20))
    await read_by_all(log, database)
    archivist = make()
    archivist.store.root = Path("/dev/null/nowhere")
    assert await trim(Trimmer(database, log, archivist), WINDOW + 500) == 0
    assert await log.xlen(keys.log(0)) == 20
    assert "archive: NotADirectoryError" in capsys.readouterr().out
