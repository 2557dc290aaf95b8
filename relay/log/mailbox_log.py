"""The mailbox's writing side: accepting and acknowledging, through the log's atomic functions.

Invariant: a device's mailbox is a gapless sequence 1, 2, 3 …; an envelope answered with `accepted` is
on the log's disk. Submissions leave in calls (group commit), within the bounds of `relay.log.calls`. An
unknown outcome is resolved here by sending the identical call again, which the function answers as the
first time; until then no later call of its function leaves for the partition.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import structlog
from redis.exceptions import ResponseError

from relay.log.calls import Call, Calls, Submission, settle
from relay.log.replies import Accepted, Appended, Mailbox, read_accept, read_acknowledge, read_remembered
from relay.log.serving_name import NOBODY, ServingName
from relay.log.watch import LogWatch
from schema import codec, functions, keys
from schema.events import EnvelopeAccepted, EnvelopesAcknowledged, EnvelopesExpired
from schema.failures import AWAY, lacking
from schema.limits import MAILBOX_BYTES
from schema.link import Commands, NotSent, OutcomeUnknown
from schema.partitions import partition_of
from schema.positions import START, Position
from schema.refusals import Refusal
from schema.wire_socket import Send

log = structlog.get_logger(__name__)

RESOLVE_SECONDS: Final = 10.0
"""How long an unknown outcome is pursued before the sender is left without an answer."""
FAILED_INSIDE: Final = "script: "
"""In the error of a function that had begun: what it wrote before stays."""


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
        serving: ServingName | None = None,
    ) -> None:
        """`capacity` and `capacity_bytes`: envelopes, and bytes of bodies, that may be owed to one device.
        `watch`: knows which log it must be, and hears what was appended. `serving`: the name on entries that
        are handed over; without one, the pusher pushes them all."""
        self._commands = commands
        self._partitions = partitions
        self._capacity = f"{capacity} {capacity_bytes}"
        self._install = install
        self._now = now
        self._watch = watch
        self._serving = serving
        self._log_id = "" if watch is None else watch.log_id
        self._calls: Calls[Submission] = Calls()
        self._is_due = False
        self._running: set[asyncio.Task[None]] = set()

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
        return self._submit(sender, "accept", partition, Submission(names, args, digests))

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
        submission = Submission([keys.user(partition, user)], [device, upto, event])
        return self._submit(user, "acknowledge", partition, submission)

    async def mailbox(self, user: UUID, device: int) -> Mailbox | None:
        """The device's numbers, or None when it is not active. Raises Refusal unavailable."""
        partition = partition_of(user, self._partitions)
        name = keys.user(partition, user)
        values = await self._ask("HMGET", name, *(f"{letter}{device}" for letter in "rhcfen"))
        if values[0] is None:
            await self._check_log(partition)
            return None
        return Mailbox(*(int(value or 0) for value in values))

    async def mark_notified(self, user: UUID, device: int, expired: int) -> None:
        """Remembers of how many expired envelopes the device knows. Raises Refusal unavailable."""
        partition = partition_of(user, self._partitions)
        names = (keys.user(partition, user), keys.log_id(partition))
        await self._ask(
            "FCALL", functions.called("relay", "mark_notified"), 2, *names, device, expired, self._log_id
        )

    async def end(self, user: UUID) -> Appended:
        """Where the log of the user's partition ends now. Raises Refusal unavailable."""
        partition = partition_of(user, self._partitions)
        newest = await self._ask("XREVRANGE", keys.log(partition), "+", "-", "COUNT", 1)
        return Appended(partition, Position.parse(newest[0][0]) if newest else START)

    async def expire(self, user: UUID, device: int, upto: int, mailbox: Mailbox) -> bool:
        """Expires what is owed up to there, if the mailbox is as it was read. Raises Refusal unavailable."""
        partition = partition_of(user, self._partitions)
        count = upto - max(mailbox.cursor, mailbox.floor)
        event = codec.encode(EnvelopesExpired(user=user, device=device, at=self._now(), count=count))
        names = (keys.log(partition), keys.user(partition, user), keys.log_id(partition))
        arguments = (device, upto, mailbox.cursor, mailbox.floor, event, self._log_id)
        return bool(await self._ask("FCALL", functions.called("schema", "expire"), 3, *names, *arguments))

    async def drain(self) -> None:
        """Waits until everything submitted has been answered."""
        while self._calls.waiting or self._running:
            await asyncio.sleep(0)
            if self._running:
                await asyncio.wait(set(self._running))

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
        self, sender: UUID, function: str, partition: int, submission: Submission
    ) -> "asyncio.Future[Any]":
        self._calls.submit(sender, function, partition, submission.size, submission)
        self._flush_soon()
        return submission.future

    def _flush_soon(self) -> None:
        if not self._is_due and self._calls.waiting:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._is_due = False
        for call in self._calls.begin():
            task = asyncio.get_running_loop().create_task(self._run(call))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, call: Call[Submission]) -> None:
        """A bug leaves the outcomes unknown, which every submitter must be able to bear."""
        try:
            await self._call(call)
        except Exception:
            log.exception("mailbox_call_failed")
            self._doubt(call)
            for submission in call.submissions:
                settle(submission.future, OutcomeUnknown("the reply could not be read"))
        finally:
            self._calls.over(call)
            self._flush_soon()

    def _server_name(self) -> str:
        return NOBODY if self._serving is None else self._serving.current

    def _doubt(self, call: Call[Submission]) -> None:
        """The call may have appended what is never handed over."""
        if self._serving is not None and call.function == "accept":
            self._serving.doubt()

    async def _call(self, call: Call[Submission]) -> None:
        function, partition, batch = call.function, call.partition, call.submissions
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
            [self._capacity, keys.SEEN_SECONDS, self._log_id, self._server_name()]
            if function == "accept"
            else [self._log_id]
        )
        for submission in batch:
            command += submission.args
        for number, submission in enumerate(batch, start=1):
            if submission.digests:
                command += [number, submission.digests]
        try:
            last, *replies = await self._resolved(call, command)
        except (Refusal, OutcomeUnknown) as error:
            for submission in batch:
                settle(submission.future, error)
            return
        if last is not None and self._watch is not None:
            self._watch.note(partition, last)
        read = read_accept if function == "accept" else read_acknowledge
        for submission, reply in zip(batch, replies, strict=True):
            settle(submission.future, read(reply))

    async def _resolved(self, call: Call[Submission], command: list[bytes | str | int]) -> Any:
        """The reply; after an unknown outcome the same call is made again until the log answers. Other
        partitions do not wait for it."""
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
                if FAILED_INSIDE in str(error):
                    self._doubt(call)
                if unknown_since is None:
                    raise _unavailable() from error
            self._calls.stalled(call)
            self._flush_soon()
            if loop.time() - unknown_since > RESOLVE_SECONDS:
                self._doubt(call)
                raise OutcomeUnknown("the log did not come back in time")
            await asyncio.sleep(0.1)

    async def _installed(self) -> bool:
        """Gives a log that came back empty its functions; False when it is away again."""
        try:
            await self._install()
        except AWAY as error:
            log.warning("functions_not_installed", error=type(error).__name__)
            return False
        return True


def _unavailable() -> Refusal:
    return Refusal(
        "unavailable", "Nothing was accepted; keep the message and try again.", retry_after_ms=1000
    )
