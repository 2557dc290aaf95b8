"""People who use the relay as an independent client would: HTTP by aiohttp, sockets by python-socketio's own
client with the MessagePack packets of the `msgpack` package. Bodies are opaque bytes."""

import asyncio
import secrets
from base64 import b64encode
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import aiohttp
import socketio

from schema.signal import fingerprint
from tests.support.signal_keys import KeyPair

PASSWORD = "correct horse battery"
SECONDS = 15.0


def text64(data: bytes) -> str:
    """Standard base64 with padding."""
    return b64encode(data).decode()


class Reply:
    """An HTTP answer, read."""

    def __init__(self, status: int, headers: Any, body: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Person:
    """An account and one device of it."""

    def __init__(self, url: str, username: str | None = None) -> None:
        self.url = url
        self.username = username or f"u{secrets.token_hex(6)}"
        self.password = PASSWORD
        self.identity = KeyPair()
        self.registration_id = secrets.randbelow(16380) + 1
        self.session: dict[str, Any] = {}
        self._http = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the HTTP connections."""
        await self._http.close()

    @property
    def user_id(self) -> str:
        return str(self.session["user_id"])

    @property
    def device_id(self) -> int:
        return int(self.session["device_id"])

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.identity.public)

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """One HTTP call with this person's access token."""
        headers = options.pop("headers", {})
        if self.session and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.session['access_token']}"
        async with self._http.request(
            method, self.url + path, json=body, headers=headers, **options
        ) as response:
            kind = response.headers.get("Content-Type", "")
            read = await (response.json(content_type=None) if "json" in kind else response.read())
            return Reply(response.status, response.headers, read)

    async def register(self) -> "Person":
        """A new account; this is its first device, without keys yet."""
        reply = await self.call(
            "POST", "/v1/accounts", {"username": self.username, "password": self.password}
        )
        assert reply.status == 201, reply.body
        self.session = reply.body
        return self

    async def log_in(self, **fields: Any) -> Reply:
        """A new login session, kept if it was granted."""
        body = {"username": self.username, "password": self.password, **fields}
        reply = await self.call("POST", "/v1/sessions", body, headers={"Authorization": ""})
        if reply.status == 200:
            self.session = reply.body
        return reply

    def keys(self, *, prekeys: int = 0, first_id: int = 1, **fields: Any) -> dict[str, Any]:
        """A body for `PUT /v1/keys`."""
        return {
            "registration_id": self.registration_id,
            "identity_key": text64(self.identity.public),
            "signed_prekey": self.signed_prekey(1),
            "prekeys": self.prekeys(first_id, prekeys),
            "replace": False,
            **fields,
        }

    def signed_prekey(self, number: int) -> dict[str, Any]:
        public = KeyPair().public
        return {"id": number, "key": text64(public), "signature": text64(self.identity.sign(public))}

    def kem_prekeys(self, first: int, count: int) -> list[dict[str, Any]]:
        """One-time KEM prekeys, or a last resort: they look the same."""
        publics = [b"\x08" + secrets.token_bytes(1568) for _ in range(count)]
        return [
            {"id": first + i, "key": text64(public), "signature": text64(self.identity.sign(public))}
            for i, public in enumerate(publics)
        ]

    def with_kem(self, *, one_time: int = 0, last_resort: int = 1000, first_id: int = 1) -> dict[str, Any]:
        """Fields of a body for `PUT /v1/keys`."""
        (kem_prekey,) = self.kem_prekeys(last_resort, 1)
        return {"kem_prekey": kem_prekey, "kem_prekeys": self.kem_prekeys(first_id, one_time)}

    def prekeys(self, first: int, count: int) -> list[dict[str, Any]]:
        return [{"id": first + i, "key": text64(b"\x05" + secrets.token_bytes(32))} for i in range(count)]

    async def publish(self, **fields: Any) -> "Person":
        """Makes this device active."""
        reply = await self.put_keys(**fields)
        assert reply.status == 200, reply.body
        return self

    async def put_keys(self, **fields: Any) -> Reply:
        """`PUT /v1/keys`, whatever comes of it."""
        return await self.call("PUT", "/v1/keys", self.keys(**fields))

    async def another_device(self) -> "Person":
        """The same account and identity on a further device, with keys."""
        other = Person(self.url, self.username)
        other.identity = self.identity
        assert (await other.log_in()).status == 200
        return await other.publish()

    def envelopes(self, body: bytes, *, to: "list[Person] | None" = None) -> list[dict[str, Any]]:
        """Envelopes for the devices of this person (or the given ones)."""
        return [
            {
                "device_id": device.device_id,
                "registration_id": device.registration_id,
                "kind": "message",
                "body": body,
            }
            for device in (to or [self])
        ]


class Line:
    """One socket of a person: everything that came, in order."""

    def __init__(self, person: Person, url: str | None = None, **headers: str) -> None:
        self.person = person
        self.url = url or person.url
        self.headers = headers
        self.client = socketio.AsyncClient(serializer="msgpack", reconnection=False)
        self.envelopes: list[dict[str, Any]] = []
        self.events: list[tuple[str, Any]] = []
        self.refusal: Any = None
        self.acknowledging = True
        self._changed = asyncio.Event()
        self.client.on("*", self._event)
        self.client.on("connect_error", self._refused)
        self.client.on("disconnect", self._disconnected)

    async def open(self, token: str | None = None) -> "Line":
        """Connects. Raises socketio.exceptions.ConnectionError when refused; `refusal` then has the data."""
        auth = {"token": token or self.person.session["access_token"]}
        await self.client.connect(
            self.url, transports=["websocket"], auth=auth, headers=self.headers, wait_timeout=10
        )
        return self

    async def close(self) -> None:
        """Disconnects, and lets go of what the library keeps of a connection that ended in another way."""
        await self.client.disconnect()
        for kept in (self.client.eio.ws, self.client.eio.http):
            if kept is not None and not kept.closed:
                await kept.close()

    async def call(self, event: str, payload: Any) -> Any:
        """One call and its answer."""
        return await self.client.call(event, payload, timeout=SECONDS)

    async def send(self, to: Person, body: bytes, *, envelope_id: str | None = None, **fields: Any) -> Any:
        """`send` to one device of a person."""
        return await self.call(
            "send",
            {"id": envelope_id or str(uuid4()), "to": to.user_id, "envelopes": to.envelopes(body), **fields},
        )

    async def until(self, holds: Any, *, seconds: float = SECONDS) -> None:
        """Returns when `holds()` is true; it is looked at whenever something came."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def until_event(self, name: str, *, seconds: float = SECONDS) -> Any:
        """The payload of the first event of that name."""
        await self.until(lambda: any(event == name for event, _ in self.events), seconds=seconds)
        return next(payload for event, payload in self.events if event == name)

    async def until_bodies(self, count: int, *, seconds: float = SECONDS) -> list[bytes]:
        """The bodies of the first `count` envelopes."""
        await self.until(lambda: len(self.envelopes) >= count, seconds=seconds)
        return [envelope["body"] for envelope in self.envelopes]

    async def _event(self, name: str, payload: Any = None) -> None:
        self.events.append((name, payload))
        if name == "envelopes":
            self.envelopes += payload
            if self.acknowledging:
                await self.client.emit("ack", {"upto": payload[-1]["seq"]}, callback=lambda *_: None)
        self._changed.set()

    async def _refused(self, data: Any) -> None:
        self.refusal = data
        self._changed.set()

    async def _disconnected(self, *_: Any) -> None:
        self.events.append(("disconnect", None))
        self._changed.set()
