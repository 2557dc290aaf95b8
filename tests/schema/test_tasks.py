"""Ending tasks: one lost cancellation does not keep a process from ending."""

import asyncio

from schema import tasks


async def _swallows_one_cancellation() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(60)


async def _fails_when_cancelled() -> None:
    try:
        await asyncio.sleep(60)
    finally:
        raise RuntimeError("on the way out")


async def test_tasks_end_even_if_one_swallows_a_cancellation_and_one_fails() -> None:
    running = [asyncio.create_task(work) for work in (_swallows_one_cancellation(), _fails_when_cancelled())]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await tasks.end(running)
    assert all(task.done() for task in running)


async def test_there_may_be_nothing_to_end() -> None:
    await tasks.end([])
    assert asyncio.all_tasks() == {asyncio.current_task()}
