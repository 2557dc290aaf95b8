"""Logs: one line per event on standard output, an action slug and its context, for every process alike.

Invariant: a line never holds a payload, a token, a name or an address. So an exception is told by its
types and frames, not by its words (a database's or a parser's words quote what they were given), and a
library's own message by its template, before the values are filled in.
"""

import logging
import sys
from collections.abc import MutableMapping
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Any

import structlog


def configure(log_format: str, process_name: str) -> None:
    """Sets up structlog and the standard library's logging: `log_format` is `console` or `json`."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _Named(process_name),
            _tell_exception,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Library()]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def trace(error: BaseException) -> str:
    """The types and frames of `error` and of what caused it, the cause first; none of their words."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append("\n".join([*_frames(current.__traceback__), _kind(current)]))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n\n".join(reversed(parts))


def _frames(traceback: TracebackType | None) -> list[str]:
    return [_frame(frame, line) for frame, line in walk_tb(traceback)]


def _frame(frame: FrameType, line: int) -> str:
    return f"  {frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}"


def _kind(error: BaseException) -> str:
    sqlstate = getattr(error, "sqlstate", None)
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    inside = "".join(f"\n  | {_kind(one)}" for one in getattr(error, "exceptions", ()))
    return name + (f" [{sqlstate}]" if sqlstate else "") + inside


class _Named:
    """Adds the process's name to every line."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["process"] = self._name
        return event


def _tell_exception(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()[1]
    elif isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event["exception"] = trace(given)
    return event


class _Library(logging.Handler):
    """Passes the standard library's log records on, without the values in them."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line per record."""
        context: dict[str, Any] = {"library": record.name, "where": f"{record.module}:{record.lineno}"}
        if record.args:
            context["template"] = str(record.msg)
        if record.exc_info:
            context["exc_info"] = record.exc_info
        structlog.get_logger().log(record.levelno, "library_message", **context)
