"""The running messenger that the wire tests speak to, from outside, as any client would."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from ops.embedded import postgres
from ops.embedded.layout import layout
from tests.support.people import Line, Person
from tests.support.quick import CHEAP
from tests.support.stack import Stack, data_folder


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """One node, default limits per user; tests that kill something start their own. It stops after the last
    test of this folder, because it uses a twentieth of a core while it is idle."""
    with data_folder() as data:
        running = Stack(data, constants=CHEAP).start()
        yield running
        running.stop()
        lacking = [name for name, text in running.logs().items() if "ops/roles.md" in text]
        assert not lacking, "a process lacked a right (schema.failures)"


class Party:
    """Makes people and lines, and closes them all."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._people: list[Person] = []
        self._lines: list[Line] = []

    async def person(self, username: str | None = None, **fields: object) -> Person:
        """Someone registered, with published keys."""
        person = await Person(self.url, username).register()
        self._people.append(person)
        return await person.publish(**fields)

    async def device_of(self, person: Person) -> Person:
        """A further device of someone."""
        device = await person.another_device()
        self._people.append(device)
        return device

    def stranger(self) -> Person:
        """Someone with nothing yet."""
        person = Person(self.url)
        self._people.append(person)
        return person

    async def line(self, person: Person, url: str | None = None) -> Line:
        """An open socket."""
        line = self.unopened(person, url)
        return await line.open()

    def unopened(self, person: Person, url: str | None = None, **headers: str) -> Line:
        """A socket not yet opened."""
        line = Line(person, url, **headers)
        self._lines.append(line)
        return line

    async def close(self) -> None:
        for line in self._lines:
            await line.close()
        for person in self._people:
            await person.__aexit__(None, None, None)


@pytest.fixture
async def party(stack: Stack) -> AsyncIterator[Party]:
    gathered = Party(stack.url())
    yield gathered
    await gathered.close()


class Rows:
    """A look into the running messenger's database."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        self._connection = connection

    async def one(self, query: LiteralString, values: tuple[object, ...]) -> Any:
        """The first column of the first row."""
        row = await (await self._connection.execute(query, values)).fetchone()
        return row[0] if row else None

    async def until(self, query: LiteralString, values: tuple[object, ...], wanted: object) -> None:
        """Returns when the query answers `wanted`: a projection may take a moment."""
        async with asyncio.timeout(10):
            while await self.one(query, values) != wanted:  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.05)


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[Rows]:
    address = postgres.url(layout(stack.data))
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        yield Rows(connection)
