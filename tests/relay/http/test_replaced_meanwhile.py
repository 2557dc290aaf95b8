"""A bundle is of one identity, also when that is replaced, or the account deleted, while it is made."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from relay.identity import prekeys
from schema.prekeys import EC, KEM, Kind
from tests.support.people import Person, text64
from tests.support.relay import Relay
from tests.support.signal_keys import KeyPair
from tests.support.until import until


def before_the_prekeys(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, happens: Callable[[], Awaitable[Any]]
) -> None:
    """Something happens once, when a bundle has its devices and is about to take prekeys of that kind."""
    take = prekeys.take
    pending = [happens]

    async def late(connection: Any, directory: Any, taken: Kind, *rest: Any) -> Any:
        if taken is kind and pending:
            await pending.pop()()
        return await take(connection, directory, taken, *rest)

    monkeypatch.setattr(prekeys, "take", late)


def bundle(person: Person) -> str:
    return f"/v1/bundles/{person.username}/{person.fingerprint}"


async def replace(person: Person) -> None:
    """The same device begins anew, with prekeys of both kinds."""
    person.identity = KeyPair()
    await person.publish(replace=True, prekeys=2, first_id=50, **person.with_kem(one_time=2, first_id=50))


@pytest.mark.parametrize(("kind", "prekeys_before"), [(EC, 2), (KEM, 0)])
async def test_a_replacement_between_the_devices_and_their_prekeys_is_told(
    node: Relay, monkeypatch: pytest.MonkeyPatch, kind: Kind, prekeys_before: int
) -> None:
    ada, bob = await node.person(prekeys=prekeys_before), await node.person()
    place = bundle(ada)
    before_the_prekeys(monkeypatch, kind, lambda: replace(ada))
    reply = await bob.call("GET", place)
    assert (reply.status, reply.body["code"]) == (409, "identity_changed"), reply.body
    assert reply.body["identity_key"] == text64(ada.identity.public)
    own = (await ada.call("GET", "/v1/keys")).body
    assert (own["available"], own["kem_available"]) == (2, 2), "the new identity lost none"
    (device,) = (await bob.call("GET", bundle(ada))).body["devices"]
    assert (device["prekey"]["id"], device["kem_prekey"]["id"]) == (50, 50)


async def test_an_account_deleted_between_the_devices_and_their_prekeys_is_nobody(
    node: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await node.person(prekeys=2), await node.person()

    async def is_projected() -> bool:
        return not await node.rows("SELECT 1 FROM identities WHERE user_id = %s", UUID(ada.user_id))

    async def delete() -> None:
        assert (await ada.call("DELETE", "/v1/account", {"password": ada.password})).status == 204
        await until(is_projected)

    before_the_prekeys(monkeypatch, EC, delete)
    reply = await bob.call("GET", bundle(ada))
    assert (reply.status, reply.body["code"]) == (404, "not_found")
