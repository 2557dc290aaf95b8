"""Equal origins are equal however they are written; what is no origin ends the start in words."""

import pytest

from schema.settings import BadSetting, Settings


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://chat.example.org", "https://chat.example.org"),
        ("https://chat.example.org/", "https://chat.example.org"),
        ("HTTPS://Chat.Example.org", "https://chat.example.org"),
        ("https://chat.example.org:443", "https://chat.example.org"),
        ("http://chat.example.org:80/", "http://chat.example.org"),
        ("https://chat.example.org:8443", "https://chat.example.org:8443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_an_origin_is_taken_as_a_browser_writes_it(written: str, origin: str) -> None:
    assert Settings.from_env({"SEALSTREAM_ORIGINS": f" {written} ,"}).origins == (origin,)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("chat.example.org", "begins with no scheme"),
        ("chat.example.org:443", "begins with no scheme"),
        ("*", "there is no pattern"),
        ("https://*.example.org", "there is no pattern"),
        ("https://chat.example.org/app", "only a port may stand"),
        ("https://chat.example.org?x", "only a port may stand"),
        ("https://user@chat.example.org", "only a port may stand"),
        ("https://chat.example.org:x", "cannot be read"),
        ("https://", "names no host"),
        ("null", "begins with no scheme"),
    ],
)
def test_any_other_text_ends_the_start_in_words(written: str, words: str) -> None:
    with pytest.raises(BadSetting, match=f"SEALSTREAM_ORIGINS .*{words}"):
        Settings.from_env({"SEALSTREAM_ORIGINS": f"https://good.example,{written}"})
