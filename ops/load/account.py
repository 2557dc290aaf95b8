"""An account of the load: one user, one device with published keys."""

import asyncio
import secrets
import time
from typing import Any

import aiohttp

from ops.errors import OperatorError
from ops.load.keys import key_body, new_identity


class Account:
    """What `register` made. `url` is the node it uses."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.username = f"load_{secrets.token_hex(8)}"
        self.registration_id = secrets.randbelow(16380) + 1
        self.session: dict[str, Any] = {}
        self.fingerprint = ""
        self._password = secrets.token_hex(8)
        self._identity = new_identity()

    async def register(
        self,
        http: aiohttp.ClientSession,
        *,
        prekeys: int = 0,
        kem: int | None = None,
        patience: float = 0.0,
    ) -> "Account":
        """Makes the account and publishes the device's keys; a call that is `unavailable` is retried for
        `patience` seconds. Raises OperatorError when that is refused."""
        body = {"username": self.username, "password": self._password}
        self.session = await self.call(http, "POST", "/v1/accounts", body, patience=patience)
        return await self._publish(http, prekeys, kem, patience)

    async def further_device(self, http: aiohttp.ClientSession, *, kem: int | None = None) -> "Account":
        """One more device of the same account, with keys under the same identity. Raises OperatorError."""
        other = Account(self.url)
        other.username, other._password = self.username, self._password
        other._identity = self._identity
        body = {"username": self.username, "password": self._password}
        other.session = await other.call(http, "POST", "/v1/sessions", body)
        return await other._publish(http, 0, kem, 0.0)

    async def _publish(
        self, http: aiohttp.ClientSession, prekeys: int, kem: int | None, patience: float
    ) -> "Account":
        keys = key_body(self.registration_id, self._identity, prekeys=prekeys, kem=kem)
        published = await self.call(http, "PUT", "/v1/keys", keys, patience=patience)
        self.fingerprint = str(published["fingerprint"])
        return self

    async def renew(self, http: aiohttp.ClientSession) -> None:
        """Exchanges the refresh token for new tokens. Raises OperatorError when that is refused."""
        body = {"refresh_token": self.session["refresh_token"]}
        self.session = await self.call(http, "POST", "/v1/sessions/refresh", body)

    @property
    def user_id(self) -> str:
        """The account."""
        return str(self.session["user_id"])

    @property
    def device_id(self) -> int:
        """Its device."""
        return int(self.session["device_id"])

    @property
    def token(self) -> str:
        """The access token."""
        return str(self.session["access_token"])

    def sending(self, number: str, body: bytes) -> dict[str, Any]:
        """The payload of `send` for one envelope to this account."""
        return {"id": number, "to": self.user_id, "envelopes": [self.envelope(body)]}

    def envelope(self, body: bytes) -> dict[str, Any]:
        """An envelope of `send` for this device."""
        return {
            "device_id": self.device_id,
            "registration_id": self.registration_id,
            "kind": "message",
            "body": body,
        }

    async def call(
        self, http: aiohttp.ClientSession, method: str, path: str, body: Any = None, *, patience: float = 0.0
    ) -> Any:
        """One HTTP call; its answer. What is `unavailable` is asked for again for `patience` seconds.

        Raises OperatorError when it is refused."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.session else {}
        deadline = time.monotonic() + patience
        while True:
            async with http.request(method, f"{self.url}{path}", json=body, headers=headers) as answer:
                read = await answer.json(content_type=None)
            if answer.status < 400:
                return read
            if read.get("code") != "unavailable" or time.monotonic() > deadline:
                raise OperatorError(f"{method} {path} is refused: {read.get('detail')} ({read.get('code')})")
            await asyncio.sleep(0.2)
