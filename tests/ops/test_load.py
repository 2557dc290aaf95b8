"""The load tool measures what it says: every message of a short run is accepted, received and counted."""

import json
import re
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.load.keys import key_body, new_identity
from ops.load.own_relay import RAISED
from ops.load.percentiles import percentile
from ops.load.user import Measured, User
from schema import signal
from tests.support.processes import run
from tests.support.stack import Stack, free_ports


def load(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return run("load", *arguments, timeout=170, constants={"ops.load.phases.SETTLING_SECONDS": 0.5})


def test_every_phase_of_a_run_is_measured_and_two_runs_are_compared(tmp_path: Path) -> None:
    small = ("--users", "4", "--seconds", "0.5", "--rate", "80", "--sockets", "8", "--catch-up", "60")
    done = load("--start", "--json", *small)
    assert done.returncode == 0, done.stderr
    measured = {phase["name"]: phase for phase in json.loads(done.stdout)["phases"]}
    assert list(measured) == [
        "idle sockets", "idle", "open loop", "closed loop", "3 devices per user", "catch-up", "two nodes",
    ]  # fmt: skip
    assert measured["idle sockets"]["kib_per_socket"] != 0
    assert (measured["idle"]["messages"], measured["idle"]["accepted_ms"]) == (0, {})
    assert measured["open loop"]["messages"] == 40
    assert measured["catch-up"]["messages"] == 60
    processes = {"node-0", "log", "board", "postgres", "projector", "pusher", "retention", "rate-limiter"}
    for name, phase in measured.items():
        assert processes < set(phase["cpu"])
        assert (phase["gaps"], phase["never_came"], phase["refused"]) == (0, 0, {}), name
    for name in ("open loop", "closed loop", "3 devices per user", "two nodes"):
        phase = measured[name]
        assert phase["calls"]["log xread"] > 0
        assert phase["calls"]["log xadd"] > 1, "the envelope, and now and then an acknowledgement"
        assert phase["log_file_bytes"] > 512
        for times in (phase["accepted_ms"], phase["received_ms"]):
            assert 0 < times["p50"] <= times["p99"] <= times["max"]
    assert "node-1" in measured["two nodes"]["cpu"]

    for run_name in ("a", "b"):
        (tmp_path / f"{run_name}.json").write_text(done.stdout)
    page = tmp_path / "page.html"
    compared = run("compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--html", str(page))
    assert compared.returncode == 0, compared.stderr
    assert re.search(r"closed loop: messages a second +[\d,.]+ +[\d,.]+ +1\.00", compared.stdout)
    assert "closed loop" in page.read_text()


def test_latencies_of_an_open_loop_count_from_when_a_message_was_due() -> None:
    measured = Measured()
    user = User("http://127.0.0.1:1", measured, body_bytes=1)
    sent: list[Any] = []
    user.devices[0].line = SimpleNamespace(call=lambda *call: sent.append(call))  # type: ignore[assignment]
    user.account.session = {"user_id": "u", "device_id": 1}
    due = time.perf_counter() - 5
    user.send(due)
    event, payload, answered = sent[0]
    assert (event, len(payload["envelopes"])) == ("send", 1)
    answered({"ok": True})
    assert measured.accepted[0] >= 5
    assert measured.late[0] >= 5
    assert measured.under_way[payload["id"]].since == due


def test_a_running_relay_is_measured_by_its_address(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "data", **RAISED).start()
    done = load("open", "--url", stack.url(), "--users", "6", "--seconds", "1", "--rate", "60")
    stack.stop()
    assert done.returncode == 0, done.stderr
    assert "(60 messages)" in done.stdout
    assert "refused: none; gaps: 0; never came: 0" in done.stdout
    assert re.search(r"sent → accepted: +p50 \d+\.\d ms", done.stdout)


def test_messages_through_the_log_are_read_back_and_audited() -> None:
    done = run("archive_load", "--messages", "300", "--memory", "64", "--users", "4", timeout=120)
    assert done.returncode == 0, done.stderr
    assert "(300 messages)" in done.stdout
    assert "clean: every message is there once, in order" in done.stdout


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
    done = load("idle", "--url", f"http://127.0.0.1:{free_ports(1)}", "--users", "2")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Cannot connect to host")


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_percentiles_are_of_the_nearest_rank(share: float, value: int) -> None:
    assert percentile([float(n) for n in range(1, 101)], share) == value


def test_its_keys_are_what_the_relay_accepts() -> None:
    from base64 import b64decode

    for _ in range(20):
        body = key_body(1, new_identity(), kem=2)
        identity = b64decode(body["identity_key"])
        signed = body["signed_prekey"]
        signal.check_key(identity)
        assert signal.signature_is_good(identity, b64decode(signed["key"]), b64decode(signed["signature"]))
        for prekey in (body["kem_prekey"], *body["kem_prekeys"]):
            key, signature = b64decode(prekey["key"]), b64decode(prekey["signature"])
            signal.check_kem_key(key)
            assert signal.signature_is_good(identity, key, signature)
        assert "kem_prekey" not in key_body(1, new_identity())
