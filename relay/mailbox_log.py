"""The mailbox's writing side: accepting and acknowledging, through the log's atomic functions.

Invariant: a device's mailbox is a gapless sequence 1, 2, 3 …; whoever is told `accepted` has it on
the log's disk. Everything submitted for a partition while its turn is in flight leaves together
(group commit). An unknown outcome is resolved here by sending the identical call again, which the
function answers as the first time; until then nothing else goes out for the partition.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from redis.exceptions import RedisError, ResponseError

from relay.directory import Position
from relay.log_calls import divided
from relay.log_replies import Accepted, read_accept, read_acknowledge, read_remembered
from relay.log_turns import Turns
from relay.log_watch import LogWatch
from schema import codec, functions, keys
from schema.events import EnvelopeAccepted, EnvelopesAcknowledged, EnvelopesExpired
from schema.lacking import lacking
from schema.limits import MAILBOX_BYTES
from schema.link import Commands, NotSent, OutcomeUnknown
from schema.partitions import partition_of
from schema.refusals import Refusal
from schema.wire_socket import Send

log = structlog.get_logger(__name__)

RESOLVE_SECONDS: Final = 10.0
"""How long an unknown outcome is pursued before the sender is left without an answer."""


class Mailbox(msgspec.Struct, frozen=True):
    """One device's numbers; owed is (max(cursor, floor), head]. `expired`: how many envelopes ever did,
    `told`: of how many of them the device knows."""

    registration_id: int
    head: int
    cursor: int
    floor: int
    expired: int
    told: int


class _Submission(msgspec.Struct):
    function: str
    keys: list[str]
    args: list[bytes | str | int]
    digests: bytes
    future: "asyncio.Future[Any]"


class MailboxLog:
    """Accepts, acknowledges and reads mailbox numbers. One per node."""

    def __init__(
        self,
        commands: Commands,
        *,
        partitions: int,
        capacity: int,
        capacity_bytes: int = MAILBOX_BYTES,
        install: Callable[[], Any],
        now: Callable[[], int],
        watch: LogWatch | None = None,
    ) -> None:
        """`capacity` and `capacity_bytes`: envelopes, and bytes of bodies, that may be owed to one device.
        `watch`: knows which log it must be, and hears what was appended."""
        self._commands = commands
        self._partitions = partitions
        self._capacity = f"{capacity} {capacity_bytes}"
        self._install = install
        self._now = now
        self._watch = watch
        self._log_id = "" if watch is None else watch.log_id
        self._turns = Turns[_Submission](self._run)

    def accept(self, sender: UUID, sender_device: int, send: Send, at: int) -> "asyncio.Future[Accepted]":
        """Appends one send's envelopes, all or nothing.

        The future raises Refusal (device_mismatch, not_found, mailbox_full, unavailable) or
        OutcomeUnknown when the log did not come back in time to say.
        """
        partition = partition_of(send.to, self._partitions)
        leave_out = sender_device if send.to == sender else 0
        args: list[bytes | str | int] = [at, leave_out, len(send.envelopes)]
        for envelope in send.envelopes:
            event = EnvelopeAccepted(
                user=send.to,
                device=envelope.device_id,
                at=at,
                id=send.id,
                from_user=sender,
                from_device=sender_device,
                kind=envelope.kind,
                body=envelope.body,
            )
            size = len(envelope.body)
            args += [envelope.device_id, envelope.registration_id, codec.encode(event), size]
        names = [
            keys.user(partition, send.to),
            keys.seen(partition, send.to, sender, sender_device, send.id),
        ]
        digests = b"".join(sha256(one.body).digest() for one in send.envelopes) if send.receipt else b""
        return self._submit("accept", partition, names, args, digests)

    async def answered(self, sender: UUID, sender_device: int, send: Send) -> Accepted | None:
        """The answer that this send got within the last hour, if it was accepted. None, too, when the log
        cannot be asked."""
        partition = partition_of(send.to, self._partitions)
        name = keys.seen(partition, send.to, sender, sender_device, send.id)
        try:
            remembered = await self._ask(
                "FCALL", functions.called("relay", "answered"), 1, name, keys.SEEN_SECONDS
            )
        except Refusal:
            return None
        return read_remembered(remembered) if remembered else None

    def acknowledge(self, user: UUID, device: int, upto: int, at: int) -> "asyncio.Future[int]":
        """Moves the cursor to `upto`; the future's result is the cursor.

        It raises Refusal (invalid beyond the head, device_inactive, unavailable) or OutcomeUnknown.
        """
        partition = partition_of(user, self._partitions)
        event = codec.encode(EnvelopesAcknowledged(user=user, device=device, at=at))
        return self._submit("acknowledge", partition, [keys.user(partition, user)], [device, upto, event])

    async def mailbox(self, user: UUID, device: int) -> Mailbox | None:
        """The device's numbers, or None when it is not active. Raises Refusal unavailable."""
        partition = partition_of(user, self._partitions)
        name = keys.user(partition, user)
        values = await self._ask("HMGET", name, *(f"{letter}{device}" for letter in "rhcfen"))
        if values[0] is None:
            await self._check_log(partition)
            return None
        return Mailbox(*(int(value or 0) for value in values))

    async def told(self, user: UUID, device: int, expired: int) -> None:
        """Remembers of how many expired envelopes the device knows. Raises Refusal unavailable."""
        partition = partition_of(user, self._partitions)
        names = (keys.user(partition, user), keys.log_id(partition))
        await self._ask("FCALL", functions.called("relay", "told"), 2, *names, device, expired, self._log_id)

    async def end(self, user: UUID) -> Position:
        """Where the log of the user's partition ends now. Raises Refusal unavailable."""
        partition = partition_of(user, self._partitions)
        newest = await self._ask("XREVRANGE", keys.log(partition), "+", "-", "COUNT", 1)
        return Position(partition, newest[0][0] if newest else b"0-0")

    async def give_up(self, user: UUID, device: int, upto: int, mailbox: Mailbox) -> bool:
        """Expires what is owed up to there, if the mailbox is as it was read. Raises Refusal unavailable."""
        partition = partition_of(user, self._partitions)
        count = upto - max(mailbox.cursor, mailbox.floor)
        event = codec.encode(EnvelopesExpired(user=user, device=device, at=self._now(), count=count))
        names = (keys.log(partition), keys.user(partition, user), keys.log_id(partition))
        arguments = (device, upto, mailbox.cursor, mailbox.floor, event, self._log_id)
        return bool(await self._ask("FCALL", functions.called("relay", "give_up"), 3, *names, *arguments))

    async def drain(self) -> None:
        """Waits until everything submitted has been answered."""
        await self._turns.drain()

    async def _check_log(self, partition: int) -> None:
        """Nobody is missing only because the log was emptied. Raises Refusal unavailable."""
        found = await self._ask("GET", keys.log_id(partition)) if self._log_id else b""
        if found != self._log_id.encode():
            raise _unavailable()

    async def _ask(self, *command: bytes | str | int) -> Any:
        """One command that may be repeated, or left. Raises Refusal unavailable."""
        try:
            return await self._commands.execute(*command)
        except (NotSent, OutcomeUnknown, ResponseError) as error:
            if functions.is_missing(error):
                await self._installed()  # for the next time
            raise Refusal("unavailable", "The log is not reachable.", retry_after_ms=1000) from error

    def _submit(
        self,
        function: str,
        partition: int,
        names: list[str],
        args: list[bytes | str | int],
        digests: bytes = b"",
    ) -> "asyncio.Future[Any]":
        submission = _Submission(function, names, args, digests, asyncio.get_running_loop().create_future())
        self._turns.submit(partition, submission)
        return submission.future

    async def _run(self, partition: int, turn: list[_Submission]) -> None:
        works = [
            self._calls(function, partition, submissions)
            for function in ("accept", "acknowledge")
            if (submissions := [one for one in turn if one.function == function])
        ]
        await (works[0] if len(works) == 1 else asyncio.gather(*works))

    async def _calls(self, function: str, partition: int, submissions: list[_Submission]) -> None:
        """One call after another. A bug leaves the outcomes unknown, which every submitter must bear."""
        for batch in divided(submissions, _bytes):
            try:
                await self._call(function, partition, batch)
            except Exception:
                log.exception("mailbox_call_failed")
                for submission in batch:
                    _settle(submission.future, OutcomeUnknown("the reply could not be read"))

    async def _call(self, function: str, partition: int, batch: list[_Submission]) -> None:
        command: list[bytes | str | int] = [
            "FCALL",
            functions.called("relay", function),
            2 + sum(len(submission.keys) for submission in batch),
            keys.log(partition),
        ]
        for submission in batch:
            command += submission.keys
        command.append(keys.log_id(partition))
        command += (
            [self._capacity, keys.SEEN_SECONDS, self._log_id] if function == "accept" else [self._log_id]
        )
        for submission in batch:
            command += submission.args
        for number, submission in enumerate(batch, start=1):
            if submission.digests:
                command += [number, submission.digests]
        try:
            last, *replies = await self._resolved(command)
        except (Refusal, OutcomeUnknown) as error:
            for submission in batch:
                _settle(submission.future, error)
            return
        if last is not None and self._watch is not None:
            self._watch.note(partition, last)
        read = read_accept if function == "accept" else read_acknowledge
        for submission, reply in zip(batch, replies, strict=True):
            _settle(submission.future, read(reply))

    async def _resolved(self, command: list[bytes | str | int]) -> Any:
        """The reply; after an unknown outcome the same call is made again until the log answers."""
        loop = asyncio.get_running_loop()
        unknown_since: float | None = None
        while True:
            try:
                return await self._commands.execute(*command)
            except OutcomeUnknown:
                unknown_since = unknown_since or loop.time()
            except NotSent as error:
                if unknown_since is None:
                    raise _unavailable() from error
            except ResponseError as error:
                if functions.is_missing(error) and await self._installed():
                    continue
                log.warning("log_refused", reason=lacking(error) or str(error).split(" ", 1)[0])
                if unknown_since is None:
                    raise _unavailable() from error
            if loop.time() - unknown_since > RESOLVE_SECONDS:
                raise OutcomeUnknown("the log did not come back in time")
            await asyncio.sleep(0.1)

    async def _installed(self) -> bool:
        """Gives a log that came back empty its functions; False when it is away again."""
        try:
            await self._install()
        except (RedisError, OSError) as error:
            log.warning("functions_not_installed", error=type(error).__name__)
            return False
        return True


def _bytes(submission: _Submission) -> int:
    return sum(len(argument) for argument in submission.args if isinstance(argument, bytes))


def _settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _unavailable() -> Refusal:
    return Refusal(
        "unavailable", "Nothing was accepted; keep the message and try again.", retry_after_ms=1000
    )
