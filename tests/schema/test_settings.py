"""Settings are read once, and a wrong one is named."""

import os

import pytest

from schema.settings import DOCUMENTED, BadSetting, Settings


def test_the_defaults_are_the_contracts() -> None:
    settings = Settings.from_env({})
    counts = {limit.name: (limit.count, limit.window_ms) for limit in settings.limits}
    assert counts["messages"] == (60, 60_000)
    assert counts["connections"] == (10, 60_000)
    assert settings.envelope_ttl_seconds == 30 * 24 * 3600
    assert settings.mailbox_capacity == 10_000
    assert (settings.host, settings.port, settings.nodes) == ("127.0.0.1", 8080, 1)


def test_a_limit_is_a_setting() -> None:
    settings = Settings.from_env({"SEALSTREAM_MESSAGES_PER_MINUTE": "600"})
    assert {limit.name: limit.count for limit in settings.limits}["messages"] == 600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEALSTREAM_PORT", "http"),
        ("SEALSTREAM_PORT", "0"),
        ("SEALSTREAM_PORT", "70000"),
        ("SEALSTREAM_NODES", "-1"),
        ("SEALSTREAM_MESSAGES_PER_MINUTE", "sixty"),
        ("SEALSTREAM_LOG_FORMAT", "xml"),
        ("SEALSTREAM_RETENTION_INTERVAL_SECONDS", "soon"),
        ("SEALSTREAM_RETENTION_INTERVAL_SECONDS", "0"),
        ("SEALSTREAM_ARCHIVE", "ftp://host/folder"),
        ("SEALSTREAM_ARCHIVE", "s3://"),
        ("SEALSTREAM_ARCHIVE_BODIES", "maybe"),
        ("SEALSTREAM_ARCHIVE_DAYS", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Settings.from_env({name: value})


@pytest.mark.parametrize(
    ("life", "looks", "rewrites"),
    [("2592000", 60, 86_400), ("86400", 60, 2880), ("300", 30, 10), ("5", 0.5, 5)],
)
def test_a_shorter_life_is_looked_after_more_often(life: str, looks: float, rewrites: float) -> None:
    settings = Settings.from_env({"SEALSTREAM_ENVELOPE_TTL_SECONDS": life})
    assert (settings.retention_interval_seconds, settings.rewrite_interval_seconds) == (looks, rewrites)


def test_the_archive_is_in_the_data_directory_elsewhere_or_off() -> None:
    data = {"SEALSTREAM_DATA": "/data"}
    assert Settings.from_env(data).archive == "/data/archive"
    assert (Settings.from_env(data).archive_bodies, Settings.from_env(data).archive_days) == (False, 90)
    for given, expected in (("/else", "/else"), ("s3://bucket/a", "s3://bucket/a"), ("off", None)):
        assert Settings.from_env({**data, "SEALSTREAM_ARCHIVE": given}).archive == expected


def test_lists_are_separated_by_commas() -> None:
    settings = Settings.from_env({"SEALSTREAM_ORIGINS": "https://a.example, https://b.example,"})
    assert settings.origins == ("https://a.example", "https://b.example")


def test_every_documented_setting_is_read() -> None:
    read: set[str] = set()

    class Recording(dict[str, str]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            read.add(key)
            return default

    Settings.from_env(Recording())
    assert {name for name, _, _ in DOCUMENTED} <= read


@pytest.mark.parametrize(
    ("name", "env"),
    [
        ("SEALSTREAM_DATA", {}),
        (
            "SEALSTREAM_SECRET_FILE",
            {"SEALSTREAM_DATA": "/d", "SEALSTREAM_SECRET_FILE": "~nobody-of-that-name/key"},
        ),
        ("SEALSTREAM_ARCHIVE", {"SEALSTREAM_DATA": "/d", "SEALSTREAM_ARCHIVE": "~nobody-of-that-name/a"}),
        (
            "SEALSTREAM_CLIENT_DIR",
            {"SEALSTREAM_DATA": "/d", "SEALSTREAM_CLIENT_DIR": "~nobody-of-that-name/c"},
        ),
    ],
)
def test_a_user_without_a_home_is_told_which_setting_needs_one(
    name: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    with pytest.raises(BadSetting, match=f"{name} must name a place: this user has no home directory"):
        Settings.from_env(env)
