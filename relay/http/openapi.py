"""The OpenAPI 3.1 document, made from the table of calls and the message types."""

import inspect
import re
from collections import defaultdict
from typing import Any, Final, get_args

import msgspec

from relay.http.calls import Route
from relay.http.problems import MEDIA_TYPE
from schema.refusals import KINDS
from schema.wire_http import Problem

VERSION: Final = "1"
_REFERENCE: Final = "#/components/schemas/{name}"
_ALWAYS: Final = ("unavailable", "internal")
_WITH_BODY: Final = ("invalid", "too_large")
_WITH_ACCESS: Final = ("unauthorized", "token_expired")
_BROKEN_BODY: Final = (400, 408)
"""An `invalid` body that ended early, or came too slowly."""
_RETRY_AFTER: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The document, as builtins."""
    types = [kind for route in routes for kind in (route.body, route.answer) if kind is not None]
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template=_REFERENCE)
    schema_of = dict(zip(map(repr, [*types, Problem]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sealstream",
            "version": VERSION,
            "description": "A zero-knowledge messenger: accounts, keys and contacts over HTTP. Binary "
            "members are standard base64, times are ms since the epoch; messages travel over Socket.IO.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "paths": dict(paths),
        "components": {
            "schemas": components,
            "securitySchemes": {"access": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def codes(route: Route) -> list[str]:
    """Every code that the call may be refused with."""
    return [
        *route.codes,
        *(code for code in _WITH_BODY if route.body and code not in route.codes),
        *(code for code in _WITH_ACCESS if route.access and code not in route.codes),
        *_ALWAYS,
    ]


def _operation(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": (inspect.getdoc(route.handler) or "").split("\n\n")[0],
        "parameters": _parameters(route),
        "responses": {**_answers(route, schema_of), **_refusals(route, schema_of)},
    }
    if route.body is not None:
        schema = schema_of[repr(route.body)]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if route.media is not None:
        content = {route.media: {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    if route.access:
        operation["security"] = [{"access": []}]
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    in_query = [
        {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
        for name, words in route.query
    ]
    in_header = [
        {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}
        for name, words in route.headers
    ]
    return in_path + in_query + in_header


def _answers(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done." if route.answer is None else _title(route.answer)}
    if route.answer is not None:
        answer["content"] = {"application/json": {"schema": schema_of[repr(route.answer)]}}
    nothing_new = {"description": "Nothing new."}
    return {str(status): nothing_new if status == 304 else answer for status in route.statuses}


def _refusals(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in codes(route):
        if KINDS[code].status not in route.statuses:
            by_status[KINDS[code].status].append(code)
    for status in (*(_BROKEN_BODY if route.body else ()), *route.invalid_statuses):
        by_status[status].append("invalid")
    content = {MEDIA_TYPE: {"schema": schema_of[repr(Problem)]}}
    return {
        str(status): {
            "description": ", ".join(f"`{code}`" for code in found),
            "content": content,
            **({"headers": _RETRY_AFTER} if status in (429, 503) else {}),
        }
        for status, found in sorted(by_status.items())
    }


def _title(answer: Any) -> str:
    inner = get_args(answer)
    return f"A list of {inner[0].__name__}." if inner else f"{answer.__name__}."
