"""A node looks at its servers once a second, however it is asked."""

import asyncio

from relay.readiness import Readiness


async def test_questions_at_any_moment_of_a_look_begin_no_second_one() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)

    readiness = Readiness()
    asked = []
    for _ in range(20):
        asked.append(asyncio.create_task(readiness.down({"board": look})))
        await asyncio.sleep(0)
    assert await asyncio.gather(*asked) == [[]] * 20
    assert looks == 1
