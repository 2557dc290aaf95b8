"""A node that lacks a right says so, once for each right, and goes on."""

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from schema import failures
from schema.link import Link


async def test_a_link_whose_user_lacks_a_right_logs_it_once(
    log_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "_noted", {})
    async with Redis.from_url(log_url) as admin:
        await admin.execute_command(
            "ACL",
            "SETUSER",
            "few",
            "reset",
            "on",
            ">secret",
            "+ping",
            "+client|setname",
            "%R~allowed",
            "+get",
        )
        link = Link(log_url.replace("unix://", "unix://few:secret@"), name="log")
        try:
            await link.start()
            for command in (("SET", "allowed", 1), ("SET", "other", 1), ("GET", "other")):
                with pytest.raises(ResponseError):
                    await link.execute(*command)
            assert await link.execute("GET", "allowed") is None
        finally:
            await link.close()
            await admin.execute_command("ACL", "DELUSER", "few")
    said = [line for line in capsys.readouterr().out.splitlines() if "right_missing" in line]
    assert ["may not call SET" in line for line in said] == [True, False]
    assert "may not do that with the key" in said[1]
