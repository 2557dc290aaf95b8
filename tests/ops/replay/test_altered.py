"""The body of an envelope that was delivered is altered in the log: the audit names it, in the log and, once
it was archived as it was, in its segment."""

import json
from typing import Any

from tests.ops.replay.archived import ENTRIES, EVE, TRIMMED_UPTO, Archived
from tests.ops.replay.running import run
from tests.workers.replay.rewriting import altered, rewrite
from workers.retention.clearing import forget_digests

PLACE = 8
"""In EVE's traffic, and acknowledged."""


def audit(relay: Archived, *arguments: str, status: int) -> list[dict[str, Any]]:
    done = run("replay", "audit", "--json", *arguments, **relay.env)
    assert done.exit_code == status, done.output
    violations: list[dict[str, Any]] = json.loads(done.stdout)["violations"]
    return violations


def forge(relay: Archived) -> None:
    relay.do(lambda log, _: rewrite(log, altered(PLACE, body=b"forged")))


def test_it_is_named_with_its_position_and_ends_with_status_1(whole: Archived) -> None:
    assert audit(whole, status=0) == []
    forge(whole)
    for arguments in ([], ["--fast"], ["--user", str(EVE)], ["--to", "60"], ["--partition", "0"]):
        (violation,) = audit(whole, *arguments, status=1)
        assert (violation["kind"], violation["position"]) == ("altered", f"{PLACE + 1}-0")
        assert (violation["user"], violation["device"]) == (str(EVE), 1)
    assert audit(whole, "--from", "60", status=0) == []
    words = run("replay", "audit", **whole.env)
    assert f"altered: partition 0, at {PLACE + 1}-0, user {EVE}, device 1: is not the entry" in words.stdout


def test_once_it_is_archived_the_segment_itself_names_it(whole: Archived) -> None:
    forge(whole)
    whole.trim(TRIMMED_UPTO)
    for forgotten in (False, True):
        if forgotten:
            whole.do(lambda log, database: forget_digests(database, log, 1))  # type: ignore[arg-type, return-value]
        (violation,) = audit(whole, status=1)
        assert (violation["kind"], violation["segment"]) == ("segment altered", 1)
        assert violation["text"].endswith(f": {PLACE + 1}-0")
    exported = run("replay", "export", **whole.env)
    assert (exported.exit_code, len(exported.stdout.splitlines())) == (1, ENTRIES)


def test_without_an_archive_and_a_database_the_log_alone_says_nothing_of_it(whole: Archived) -> None:
    forge(whole)
    del whole.env["SEALSTREAM_DATABASE_URL"]
    done = run("replay", "audit", "--to", "60", "--json", **{**whole.env, "SEALSTREAM_ARCHIVE": "off"})
    assert done.exit_code == 0, done.output
