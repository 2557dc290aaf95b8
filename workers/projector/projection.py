"""One partition's projection: a batch and its checkpoint, in one transaction."""

from typing import Any, Final, Self

import msgspec
from psycopg_pool import AsyncConnectionPool

from schema import checkpoints, keys
from schema.events import EnvelopeAccepted, EnvelopesAcknowledged, EnvelopesExpired, LogEvent
from schema.positions import START, Position
from workers import metrics
from workers.batches import Batch, Pace, Superseded
from workers.projector import blobs, devices, digests, mailboxes, prekeys
from workers.projector.facts import Device, Facts, fold
from workers.projector.rounds import Round, rounds
from workers.projector.settled import unsettled

PACE: Final = Pace(linger_seconds=0.4, verify_seconds=0.0)
"""Lingering is what lets most envelopes be acknowledged before they would be written. Nodes collect
acknowledgements for a tenth of a second. A catch-up may wait that long for the newest envelopes."""


def is_urgent(event: LogEvent) -> bool:
    """Whether someone waits for this event's projection (keys do; envelopes better settle first)."""
    return not isinstance(event, EnvelopeAccepted | EnvelopesAcknowledged | EnvelopesExpired)


class Projection:
    """Writes one partition (a `workers.batches.Handler`)."""

    def __init__(self, database: "AsyncConnectionPool[Any]", partition: int) -> None:
        self._database = database
        self._partition = partition
        self._at = START
        self._newest = digests.Newest()

    async def resume(self) -> Position:
        """The checkpoint."""
        async with self._database.connection() as connection, connection.transaction():
            await checkpoints.read(connection, keys.PROJECTOR, self._partition)
            held = await checkpoints.hold(connection, keys.PROJECTOR, self._partition)
            assert held is not None
            self._at = held
            self._newest = await digests.Newest.read(connection, self._partition, held)
        return self._at

    async def handle(self, batch: Batch[LogEvent]) -> None:
        """Writes the batch and moves the checkpoint from where this owner left it. Raises Superseded.

        No pipeline: between two statements the server must see that nothing is said, so that it can end
        the transaction of an owner that froze in it.
        """
        turns = [Turn.of(turn) for turn in rounds(unsettled(batch.entries))]
        read = self.digests(batch)
        written = 0
        async with self._database.connection() as connection, connection.transaction():
            newest = await self._newest.followed_by(connection, self._partition, (self._at, batch.upto), read)
            if newest is None:
                raise Superseded
            for turn in turns:
                written += await turn.apply(connection)
            await self.conclude(connection)
        self._at, self._newest = batch.upto, newest
        accepted = sum(isinstance(entry.event, EnvelopeAccepted) for entry in batch.entries)
        metrics.WRITTEN.inc(written)
        metrics.SPARED.inc(accepted - written)

    def digests(self, batch: Batch[LogEvent]) -> bytes | None:
        """The digests of the batch's entries; None where they cannot be had."""
        return b"".join([digests.of_entry(entry.position, entry.fields) for entry in batch.entries])

    async def conclude(self, connection: Any) -> None:
        """Is called at the end of each batch's transaction; for a projection that has more to write."""


class Turn(msgspec.Struct, frozen=True):
    """A round, ready to be written."""

    changes: list[LogEvent]
    facts: list[tuple[Device, Facts]]

    @classmethod
    def of(cls, turn: Round) -> Self:
        """Folds what needs folding; nothing is written yet."""
        return cls(turn.changes, sorted(fold(turn.facts).items()))

    async def apply(self, connection: Any) -> int:
        """Writes the round; how many envelopes that were."""
        await devices.change(connection, self.changes)
        await blobs.change(connection, self.changes)
        await prekeys.write(connection, self.facts)
        return await mailboxes.write(connection, self.facts)
