"""Access tokens and the key set: one algorithm, our own keys, rotation without a gap."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from relay.auth import keyset as keysets
from relay.auth import signing_keys
from relay.auth.keyset import Keyset, KeysetUnreadable, rotate
from relay.auth.revocation import Ended, Revocation
from relay.auth.tokens import AccessTokens
from schema import secret_file
from schema.clock import now_ms
from schema.refusals import Refusal
from schema.sealing import WrongSecret
from schema.settings import Settings
from tests.support.relay import open_services

USER, SESSION = uuid4(), uuid4()


class Bench:
    """A key set, and tokens by a clock of the test's own."""

    def __init__(self, keyset: Keyset, revocation: Revocation, database_url: str, secret: Path) -> None:
        self.now = now_ms()
        self.keyset = keyset
        self.revocation = revocation
        self.database_url = database_url
        self.secret = secret
        self.tokens = AccessTokens(keyset, revocation, now=lambda: self.now)

    def token(self) -> str:
        return self.tokens.issue(USER, 3, SESSION)[0]

    def signed(self, *, header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """A token with some of its members changed; a member set to None is left out."""
        kid, own = self.keyset.signing()
        payload = jwt.decode(self.token(), options={"verify_signature": False}) | claims
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(
            payload, key or own, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": kid} | (header or {})
        )

    async def refusal(self, token: str) -> str:
        with pytest.raises(Refusal) as caught:
            await self.tokens.verify(token)
        return caught.value.code


@pytest.fixture
async def bench(settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        services = await open_services(stack, settings)
        yield Bench(services.keyset, services.revocation, database_url, settings.secret_file)


async def test_a_token_says_whose_it_is_for_fifteen_minutes(bench: Bench) -> None:
    token, expires_at = bench.tokens.issue(USER, 3, SESSION)
    claims = await bench.tokens.verify(token)
    assert (claims.user_id, claims.device_id, claims.session_id) == (USER, 3, SESSION)
    assert claims.expires_at == expires_at
    assert bench.now + 899_000 < expires_at <= bench.now + 900_000
    bench.now = expires_at - 1
    await bench.tokens.verify(token)
    bench.now = expires_at
    assert await bench.refusal(token) == "token_expired"


async def test_a_token_of_an_ended_session_is_refused(bench: Bench) -> None:
    bench.revocation._ended[SESSION] = Ended("revoked", 0)
    assert await bench.refusal(bench.token()) == "unauthorized"


def _unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode()).rstrip(b"=")
    return f"{header.decode()}.{token.split('.')[1]}."


async def test_threat_19_no_other_token_is_believed(bench: Bench) -> None:
    kid, own = bench.keyset.signing()
    public = own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    good = bench.token()
    payload = jwt.decode(good, options={"verify_signature": False})
    headers = {"typ": "at+jwt", "kid": kid}
    head, body, signature = good.split(".")
    bad = {
        "none": _unsigned(good),
        "none with our kid": jwt.encode(payload, None, algorithm="none", headers=headers),
        "HS256 with the public key": jwt.encode(payload, public, algorithm="HS256", headers=headers),
        "another key under our kid": bench.signed(key=Ed25519PrivateKey.generate()),
        "a foreign kid": bench.signed(header={"kid": "0" * 16}, key=Ed25519PrivateKey.generate()),
        "our key under a foreign kid": bench.signed(header={"kid": "0" * 16}),
        "no kid": _with_header(bench.signed(), kid=None),
        "a kid that is a number": _with_header(bench.signed(), kid=7),
        "another typ": bench.signed(header={"typ": "JWT"}),
        "a refresh typ": bench.signed(header={"typ": "rt+jwt"}),
        "a critical extension": bench.signed(header={"crit": ["x"], "x": 1}),
        "a key in the header": bench.signed(header={"jwk": {"kty": "OKP"}, "kid": "x"}),
        "another audience": bench.signed(aud="elsewhere"),
        "another issuer": bench.signed(iss="elsewhere"),
        "no audience": bench.signed(aud=None),
        "no issuer": bench.signed(iss=None),
        "no expiry": bench.signed(exp=None),
        "no session": bench.signed(sid=None),
        "no user": bench.signed(sub=None),
        "a device that is text": bench.signed(device_id="3"),
        "a user that is no UUID": bench.signed(sub="ada"),
        "a cut signature": f"{head}.{body}.{signature[:-4]}",
        "a changed body": f"{head}.{body[:-4]}AAAA.{signature}",
        "a refresh token": "x" * 43,
        "nothing": "",
        "too long": "a" * 5000,
        "not ASCII": "ä.ö.ü",
    }
    for name, token in bad.items():
        assert await bench.refusal(token) == "unauthorized", name


def _with_header(token: str, **members: Any) -> str:
    head, body, signature = token.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "==")) | members
    changed = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{changed}.{body}.{signature}"


async def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(bench: Bench) -> None:
    old_kid, _ = bench.keyset.signing()
    old = bench.token()
    new_kid = rotate(bench.database_url, bench.secret)
    await bench.keyset.load()
    assert bench.keyset.signing()[0] == new_kid != old_kid
    await bench.tokens.verify(old)
    await bench.tokens.verify(bench.token())


async def test_a_node_learns_a_new_key_from_the_first_token_that_names_it(
    bench: Bench, settings: Settings
) -> None:
    async with AsyncExitStack() as stack:
        other = await open_services(stack, settings)
        rotate(bench.database_url, bench.secret)
        await bench.keyset.load()
        assert (await other.tokens.verify(bench.token())).user_id == USER


async def test_a_rotation_under_traffic_refuses_nobody_at_any_node(bench: Bench, settings: Settings) -> None:
    """Also right after somebody made another kid up, and for all who come while the set is being read."""
    async with AsyncExitStack() as stack:
        other = await open_services(stack, settings)
        with pytest.raises(Refusal):
            await other.tokens.verify(bench.signed(header={"kid": "made up"}))
        for _ in range(2):
            rotate(bench.database_url, bench.secret)
            await bench.keyset.load()
            tokens = [bench.token() for _ in range(20)]
            claims = await asyncio.gather(*(other.tokens.verify(token) for token in tokens))
            assert {claim.user_id for claim in claims} == {USER}


async def test_made_up_kids_are_no_load_on_the_database(bench: Bench, monkeypatch: Any) -> None:
    reads = 0
    read = Keyset._read

    async def counted(keyset: Keyset) -> None:
        nonlocal reads
        reads += 1
        await read(keyset)

    monkeypatch.setattr(Keyset, "_read", counted)
    made_up = [bench.signed(header={"kid": f"{number:016}"}) for number in range(50)]
    codes = await asyncio.gather(*(bench.refusal(token) for token in made_up))
    assert set(codes) == {"unauthorized"}
    assert reads == 2


async def test_a_retired_key_stops_verifying_when_its_last_token_is_dead(bench: Bench) -> None:
    old = bench.token()
    rotate(bench.database_url, bench.secret)
    long_ago = now_ms() - keysets.VERIFY_RETIRED_MS - 1
    with psycopg.connect(bench.database_url) as connection:
        connection.execute(
            "UPDATE signing_keys SET retired_at = %s WHERE retired_at IS NOT NULL", (long_ago,)
        )
    await bench.keyset.load()
    assert await bench.refusal(old) == "unauthorized"


async def test_a_key_that_somebody_wrote_into_the_database_is_not_believed(bench: Bench) -> None:
    """Who can write to the database but does not have the secret cannot make tokens."""
    theirs = signing_keys.new()
    with psycopg.connect(bench.database_url) as connection:
        row = signing_keys.row(theirs, bytes(32), now_ms() + 1)
        connection.execute(signing_keys.INSERT, row)
    await bench.keyset.load()
    assert bench.keyset.signing()[0] != theirs.kid
    assert await bench.refusal(bench.signed(header={"kid": theirs.kid}, key=theirs.private)) == "unauthorized"


async def test_sealed_keys_do_not_show_the_private_half_and_open_under_their_own_kid_only(
    bench: Bench,
) -> None:
    _, private = bench.keyset.signing()
    with psycopg.connect(bench.database_url) as connection:
        kid, sealed = connection.execute("SELECT kid, sealed_private_key FROM signing_keys").fetchone() or ()
    assert private.private_bytes_raw() not in sealed
    secret = secret_file.read_or_create(bench.secret)
    assert signing_keys.unseal(kid, sealed, None, secret).kid == kid
    with pytest.raises(WrongSecret):
        signing_keys.unseal("another", sealed, None, secret)


async def test_nodes_that_start_at_once_make_one_first_key(bench: Bench, settings: Settings) -> None:
    with psycopg.connect(bench.database_url) as connection:
        connection.execute("DELETE FROM signing_keys")
    async with AsyncExitStack() as stack:
        services = await open_services(stack, settings)
        sets = [Keyset(services.database, settings.secret_file) for _ in range(5)]
        for one in sets:
            await one.load()
        assert len({one.signing()[0] for one in sets}) == 1


async def test_a_secret_that_others_may_read_is_told_once_at_the_start(
    bench: Bench, settings: Settings, capsys: "pytest.CaptureFixture[str]"
) -> None:
    bench.secret.chmod(0o644)
    async with AsyncExitStack() as stack:
        await (await open_services(stack, settings)).keyset.load()
    assert capsys.readouterr().out.count("secret_file_readable_by_others") == 1


async def test_another_secret_than_the_keys_was_is_told_at_the_start(
    bench: Bench, settings: Settings
) -> None:
    bench.secret.unlink()
    with pytest.raises(KeysetUnreadable, match="SEALSTREAM_SECRET_FILE"):
        async with AsyncExitStack() as stack:
            await open_services(stack, settings)
    with pytest.raises(KeysetUnreadable, match="SEALSTREAM_SECRET_FILE"):
        rotate(bench.database_url, bench.secret)
