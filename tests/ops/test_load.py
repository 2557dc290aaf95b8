"""The load tool measures what it says: every message of a short run is accepted, received and counted."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from ops.load.keys import key_body
from ops.load.own_relay import RAISED
from ops.load.percentiles import percentile
from schema import signal
from tests.support.processes import run
from tests.support.stack import Stack, free_ports


def load(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return run("load", *arguments, timeout=120)


def test_a_short_run_receives_every_message_and_names_each_process(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "data", **RAISED).start()
    done = load("--url", stack.url(), "--users", "6", "--seconds", "2", "--rate", "60")
    stack.stop()
    assert done.returncode == 0, done.stderr
    found = re.search(r"messages/s \((\d+) received", done.stdout)
    assert found is not None
    assert 30 <= int(found[1]) <= 130
    assert "refused: none; gaps: 0; never came: 0" in done.stdout
    assert re.search(r"send → accepted: +p50 \d+\.\d ms", done.stdout)


def test_messages_through_the_log_are_read_back_and_audited() -> None:
    done = run("archive_load", "--messages", "300", "--memory", "64", "--users", "4", timeout=120)
    assert done.returncode == 0, done.stderr
    assert "(300 messages)" in done.stdout
    assert "clean: every message is there once, in order" in done.stdout


def test_what_a_message_costs_is_told_for_each_phase() -> None:
    done = run("cost", "--users", "4", "--seconds", "1", "--rate", "40", "--json", timeout=120)
    assert done.returncode == 0, done.stderr
    idle, paced, closed = json.loads(done.stdout)
    assert [phase["name"] for phase in (idle, paced, closed)] == ["idle", "paced", "closed loop"]
    assert (idle["messages"], idle["accepted_ms"]) == (0, [0, 0])
    assert 20 <= paced["messages"] <= 50
    for phase in (idle, paced, closed):
        processes = {"node-0", "log", "board", "postgres", "projector", "pusher", "retention", "rate-limiter"}
        assert processes < set(phase["cpu"])
        assert phase["calls"]["log xread"] > 0
    for phase in (paced, closed):
        assert phase["calls"]["log xadd"] > 1, "the envelope, and now and then an acknowledgement"
        assert phase["log_file_bytes"] > 512


def test_a_flood_of_bytes_sends_all_that_the_limit_allows_and_others_messages_pass() -> None:
    options = ("--turns", "1", "--seconds", "2", "--rate", "40", "--accounts", "2")
    done = run("flood", "--of", "bytes", *options, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\nflood: received p50 \d+\.\d ms", done.stdout)
    assert "2 accounts were answered after" in done.stdout
    sends, messages = done.stdout.splitlines()[-2:]
    assert sends.endswith("answered {'accepted': 128}"), "4 MiB of each in bodies of 64 KiB, and none refused"
    assert messages == "messages refused: none; gaps: 0"


def test_a_relay_that_is_not_there_is_said_in_one_line() -> None:
    done = load("--url", f"http://127.0.0.1:{free_ports(1)}", "--users", "2")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Cannot connect to host")


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_percentiles_are_of_the_nearest_rank(share: float, value: int) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == value


def test_its_keys_are_what_the_relay_accepts() -> None:
    from base64 import b64decode

    for _ in range(20):
        body = key_body(1, kem=2)
        identity = b64decode(body["identity_key"])
        signed = body["signed_prekey"]
        signal.check_key(identity)
        assert signal.signature_is_good(identity, b64decode(signed["key"]), b64decode(signed["signature"]))
        for prekey in (body["kem_prekey"], *body["kem_prekeys"]):
            key, signature = b64decode(prekey["key"]), b64decode(prekey["signature"])
            signal.check_kem_key(key)
            assert signal.signature_is_good(identity, key, signature)
        assert "kem_prekey" not in key_body(1)
