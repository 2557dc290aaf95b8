"""`with-servers`: a command runs with the servers' addresses, and only while nothing of the relay runs."""

import sys
import time
from pathlib import Path

from redis import Redis

from schema import keys
from tests.ops.replay.running import run

NOTE = "import os, sys; open(sys.argv[1], 'w').write(os.environ['SEALSTREAM_DATABASE_URL']); sys.exit(7)"


def test_the_command_finds_the_servers_and_its_status_is_ours(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    env = {"SEALSTREAM_LOG_URL": log_url, "SEALSTREAM_BOARD_URL": board_url}
    env["SEALSTREAM_DATABASE_URL"] = database_url
    note = tmp_path / "note"
    done = run("with-servers", sys.executable, "-c", NOTE, str(note), **env)
    assert (done.exit_code, note.read_text()) == (7, database_url)
    done = run("with-servers", str(tmp_path / "nothing"), **env)
    assert (done.exit_code, "nothing cannot be run: No such file" in done.stderr) == (1, True)
    note.unlink()
    with Redis.from_url(board_url) as board:
        board.zadd(keys.NODES, {"one": int(time.time() * 1000)})
    done = run("with-servers", sys.executable, "-c", NOTE, str(note), **env)
    assert (done.exit_code, note.exists()) == (1, False)
    assert "The relay runs (node): stop every node and worker first." in done.stderr
