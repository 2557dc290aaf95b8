"""Passwords: Argon2id in a bounded pool; nobody's password costs as much as somebody's."""

import asyncio
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from relay.auth.passwords import Passwords
from schema.refusals import Refusal


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    pool = Passwords(threads=1, queue=3)
    yield pool
    pool.close()


async def test_a_hash_fits_its_password_only(passwords: Passwords) -> None:
    encoded = await passwords.hash("correct horse")
    assert await passwords.verify("correct horse", encoded)
    assert not await passwords.verify("correct house", encoded)


async def test_a_hash_is_argon2id_with_the_agreed_cost(passwords: Passwords) -> None:
    cost = extract_parameters(await passwords.hash("correct horse"))
    assert (cost.type, cost.memory_cost, cost.time_cost, cost.parallelism) == (Type.ID, 19_456, 2, 1)


async def test_two_hashes_of_one_password_differ(passwords: Passwords) -> None:
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


async def test_nobodys_password_never_fits_and_is_computed_all_the_same(passwords: Passwords) -> None:
    assert extract_parameters(passwords._nobody) == extract_parameters(await passwords.hash("x"))
    assert not await passwords.verify("anything", None)


async def test_a_hash_that_is_none_never_fits(passwords: Passwords) -> None:
    assert not await passwords.verify("anything", "not a hash")


async def test_threat_18_what_does_not_fit_into_the_queue_is_refused_at_once(passwords: Passwords) -> None:
    outcomes = await asyncio.gather(
        *(passwords.verify("anything", None) for _ in range(20)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    assert outcomes.count(False) == 4
    assert len(refused) == 16
    assert {(one.code, one.retry_after_ms) for one in refused} == {("unavailable", 1000)}
    assert not await passwords.verify("anything", None)


async def test_threat_18_the_event_loop_turns_while_passwords_are_verified(passwords: Passwords) -> None:
    work = [asyncio.create_task(passwords.verify("anything", None)) for _ in range(4)]
    turns = 0
    while not all(task.done() for task in work):
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 10


async def test_a_caller_that_goes_away_leaves_its_place(passwords: Passwords) -> None:
    work = [asyncio.create_task(passwords.verify("anything", None)) for _ in range(4)]
    await asyncio.sleep(0)
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    assert not await passwords.verify("anything", None)


NFC, NFD = "p\u00e4ssw\u00f6rd-l\u00e4nger", "pa\u0308sswo\u0308rd-la\u0308nger"


@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        (NFC, NFD),
        (NFD, NFC),
        ("ten\u00a0letters and more", "ten letters and more"),
        ("family \U0001f468\u200d\U0001f469 ga\u0308ste", "family \U0001f468\u200d\U0001f469 g\u00e4ste"),
    ],
)
async def test_a_password_fits_however_a_system_writes_it(
    passwords: Passwords, registered: str, typed: str
) -> None:
    assert await passwords.verify(typed, await passwords.hash(registered))


@pytest.mark.parametrize("registered", [NFC, NFD])
@pytest.mark.parametrize("typed", [NFC, NFD])
async def test_a_hash_from_before_fits_too(passwords: Passwords, registered: str, typed: str) -> None:
    before = passwords._hasher.hash(registered)
    assert await passwords.verify(typed, before)


async def test_letters_that_only_look_alike_are_not_one_password(passwords: Passwords) -> None:
    encoded = await passwords.hash("\u0430 long password")
    assert not await passwords.verify("a long password", encoded)
    assert not await passwords.verify("A Long Password", await passwords.hash("a long password"))
