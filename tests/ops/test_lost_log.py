"""The log of an installation is lost: the start is refused, one command mends it, and everyone goes on."""

import re
import shutil

from tests.ops.programs import sealstream
from tests.support.people import Line, Person
from tests.support.stack import Stack, data_folder


async def test_a_lost_log_is_said_at_the_start_and_made_anew_from_the_database() -> None:
    with data_folder() as data:
        stack = Stack(data).start()
        try:
            async with Person(stack.url()) as anna, Person(stack.url()) as bela:
                for person in (anna, bela):
                    await (await person.register()).publish(prekeys=3)
                at_anna = await Line(anna).open()
                for number in range(3):
                    assert (await at_anna.send(bela, f"waits {number}".encode()))["ok"]
                await at_anna.until_event("caught_up")
                before = next(payload["log"] for name, payload in at_anna.events if name == "caught_up")
                # What the projector has read when it ends is in the database.
                await at_anna.close()
                assert stack.stop() == 0
                shutil.rmtree(data / "log")

                refused = sealstream("up", "--data", str(data), "--port", str(stack.port), **stack.settings)
                assert refused.returncode == 1
                sentence = r"sealstream: The log is empty, .*`sealstream replay restore-log-heads`\.\n"
                assert re.fullmatch(sentence, refused.stderr)
                mended = sealstream(
                    "replay", "restore-log-heads", "--yes", SEALSTREAM_DATA=str(data), **stack.settings
                )
                assert mended.returncode == 0, mended.stderr
                assert "2 accounts, their 2 active devices, and 3 messages" in mended.stdout
                assert "6 one-time prekeys are retired" in mended.stdout

                stack.start()
                at_bela = await Line(bela).open()
                waited = await at_bela.until_bodies(3)
                assert waited == [b"waits 0", b"waits 1", b"waits 2"]
                assert (await at_bela.until_event("caught_up"))["log"] != before
                assert await at_bela.until_event("prekeys.low") == {"available": 0}
                reply = await bela.call("POST", "/v1/keys/prekeys", {"prekeys": bela.prekeys(1, 1)})
                assert reply.status == 422, "a retired id is never used again"
                reply = await bela.call("POST", "/v1/keys/prekeys", {"prekeys": bela.prekeys(4, 2)})
                assert (reply.status, reply.body) == (200, {"available": 2})
                at_anna = await Line(anna).open()
                answer = await at_anna.send(bela, b"goes on")
                assert answer["accepted"] == [{"device_id": 1, "seq": 4}]
                assert (await at_bela.until_bodies(4))[3] == b"goes on"
                for line in (at_anna, at_bela):
                    await line.close()
        finally:
            stack.stop()
