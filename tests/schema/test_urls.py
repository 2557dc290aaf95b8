"""The servers' addresses are checked before anything is opened; what may be a password is not repeated."""

from urllib.parse import quote

import pytest

from schema.settings import BadSetting, Settings
from schema.urls import why_not_postgres, why_not_valkey

GOOD = (
    "redis://127.0.0.1:6379",
    "redis://localhost",
    "redis://[::1]:6379/3",
    f"rediss://user:p%40ss@valkey.example:6380?ssl_ca_certs={quote(__file__)}",
    "redis://node:6379?cluster=true",
    "unix:///run/valkey/log.sock",
    "unix://user:secret@/run/valkey/log.sock?db=2",
)
BAD = (
    ("nonsense", r"must be redis://USER:PASSWORD@HOST:PORT .* not 'nonsense'"),
    ("http://127.0.0.1", r"must be redis://.* not 'http://127\.0\.0\.1'"),
    ("127.0.0.1:6379", "must be redis://"),
    ("redis://127.0.0.1:http", "the port is no number"),
    ("redis://127.0.0.1:70000", "the port is no number"),
    ("redis://127.0.0.1:6379/log", "only the number of a database"),
    ("redis://:secret#1@127.0.0.1", "%XX"),
    ("redis://:secret/1@127.0.0.1", "%XX"),
    ("redis://:secret?1@127.0.0.1", "%XX"),
    ("unix://", "names no socket"),
    ("redis://node?cluster=yes", "cluster=true or .*cluster=false, not 'yes'"),
    ("redis://node?retries=3", "unknown option 'retries'"),
    ("redis://node?db=one", "option db"),
    ("redis://node?db=", "option db"),
    ("redis://node?db=1&cluster=true", "a cluster has database 0 only"),
    ("redis://node/1?cluster=true", "a cluster has database 0 only"),
    ("unix:///run/log.sock?cluster=true", "nodes of a cluster have ports"),
    ("redis://node?ssl_ca_certs=/ca.pem", "asks for no TLS; begin it with rediss://"),
    ("unix:///run/log.sock?ssl_cert_reqs=none", "asks for no TLS"),
    ("rediss://node?ssl_cert_reqs=maybe", "none of required, optional, none: 'maybe'"),
    ("rediss://node?ssl_check_hostname=1", "none of true, false: '1'"),
    ("rediss://node?ssl_keyfile=", "ssl_keyfile without a value"),
    *(
        (f"rediss://node?{name}=/nowhere/at.all", f"{name} that names nothing this user can read: '/nowhere")
        for name in ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
    ),
    ("redis://node?protocol=3", "unknown option 'protocol'"),
    ("redis://user@node", "a user without a password"),
)


@pytest.mark.parametrize("url", GOOD)
def test_an_address_that_the_client_takes_is_taken(url: str) -> None:
    assert why_not_valkey(url) is None


@pytest.mark.parametrize(("url", "words"), BAD)
@pytest.mark.parametrize("name", ["SEALSTREAM_LOG_URL", "SEALSTREAM_BOARD_URL"])
def test_any_other_is_refused_in_one_line_that_names_the_setting(name: str, url: str, words: str) -> None:
    with pytest.raises(BadSetting, match=f"{name} .*{words}") as refused:
        Settings.from_env({name: url})
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["postgresql://u:p%40ss@h:5432/d", "postgresql://u@/d?host=/run/x", "dbname=d"]
)
def test_an_address_of_postgresql_is_what_libpq_takes(url: str) -> None:
    assert why_not_postgres(url) is None


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://h/d", "postgresql://u:secret%@h/d", "postgres:/u:secret@h"]
)
def test_one_that_libpq_does_not_take_is_named_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match="SEALSTREAM_DATABASE_URL must be postgresql://") as refused:
        Settings.from_env({"SEALSTREAM_DATABASE_URL": url})
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)
