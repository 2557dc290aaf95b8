"""What a process writes to its log: slugs and context as lines, and never a value that was secret."""

import json
import logging
import warnings

import pytest
import structlog

from schema import logs


@pytest.fixture(autouse=True)
def _restored():
    handlers, level = logging.root.handlers, logging.root.level
    kept = structlog.get_config()
    yield
    logging.captureWarnings(capture=False)
    logging.root.handlers = handlers
    logging.root.setLevel(level)
    structlog.configure(**kept)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _fail() -> None:
    try:
        int("the secret words")
    except ValueError as error:
        raise KeyError("the secret words again") from error


def test_a_json_line_carries_the_slug_the_process_and_the_context(capsys):
    logs.configure("json", "projector")
    structlog.get_logger().info("batch_projected", partition=3)
    (line,) = _lines(capsys)
    assert (line["event"], line["process"], line["partition"], line["level"]) == (
        "batch_projected",
        "projector",
        3,
        "info",
    )
    assert "timestamp" in line


def test_the_console_form_says_the_same_in_one_line(capsys):
    logs.configure("console", "projector")
    structlog.get_logger().warning("batch_projected", partition=3)
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert "batch_projected" in line
    assert "partition=3" in line


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_is_told_by_types_and_frames_and_not_by_its_words(capsys, log_format):
    logs.configure(log_format, "node-0")
    try:
        _fail()
    except KeyError:
        structlog.get_logger().exception("it_failed")
    text = capsys.readouterr().out
    assert "builtins.ValueError" in text
    assert "builtins.KeyError" in text
    assert "_fail" in text
    assert "secret words" not in text


def test_a_group_of_exceptions_names_each_of_them(capsys):
    logs.configure("json", "node-0")
    group = ExceptionGroup("words", [ValueError("words"), KeyError("words")])
    structlog.get_logger().error("it_failed", exc_info=group)
    (line,) = _lines(capsys)
    assert "| builtins.ValueError" in line["exception"]
    assert "words" not in line["exception"]


def test_a_librarys_message_keeps_its_values_to_itself(capsys):
    logging.captureWarnings(capture=False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.configure("json", "node-0")
        logging.getLogger("some.package").warning("refused %s from %s", "alice", "192.0.2.7")
        logging.getLogger("some.package").warning("refused alice")
        warnings.warn("alice is deprecated", stacklevel=1)
    lines = _lines(capsys)
    assert [line["library"] for line in lines] == ["some.package", "some.package", "py.warnings"]
    assert lines[0]["template"] == "refused %s from %s"
    assert "alice" not in json.dumps(lines)
    assert "192.0.2.7" not in json.dumps(lines)


def test_a_librarys_chatter_below_a_warning_is_left_out(capsys):
    logs.configure("json", "node-0")
    logging.getLogger("some.package").info("hello")
    assert _lines(capsys) == []
