"""The relay names its log: in the answer to CONNECT and in `caught_up`."""

from typing import Any

from tests.wire.conftest import Party, Rows


async def test_connect_and_caught_up_name_the_log_that_the_database_belongs_to(
    party: Party, database: Rows
) -> None:
    anna = await party.person()
    line = party.unopened(anna)
    answers: list[Any] = []
    handle = line.client._handle_connect

    async def noting(namespace: str, data: Any) -> None:
        answers.append(data)
        await handle(namespace, data)

    line.client._handle_connect = noting
    await line.open()
    log_id = str(await database.one("SELECT log_id FROM log_identity", ()))
    ((answer),) = answers
    assert set(answer) == {"sid", "log"}
    assert answer["log"] == log_id
    assert await line.until_event("caught_up") == {"head": 0, "log": log_id}
