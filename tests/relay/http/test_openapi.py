"""The published contract: complete, well-formed, and what the running node does (schemathesis)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from relay.http.blobs import UPLOAD_TYPE
from relay.http.openapi import codes, document
from relay.http.table import ROUTES
from schema.refusals import KINDS
from tests.support.relay import Relay, make_settings, relay

EXAMPLES = 12


def test_every_call_of_the_contract_is_there_and_none_twice() -> None:
    calls = [(route.method, route.path) for route in ROUTES]
    assert len(calls) == len(set(calls)) == 29
    paths = document(ROUTES)["paths"]
    assert {(method.upper(), path) for path, found in paths.items() for method in found} == set(calls)


def test_operation_ids_are_unique_and_every_call_has_a_summary() -> None:
    operations = [found for path in document(ROUTES)["paths"].values() for found in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"].endswith(".") for operation in operations)


def test_every_code_is_one_of_the_wire_and_its_status_is_published() -> None:
    paths = document(ROUTES)["paths"]
    for route in ROUTES:
        for code in codes(route):
            assert str(KINDS[code].status) in paths[route.path][route.method.lower()]["responses"]


def test_calls_with_a_token_say_so() -> None:
    paths = document(ROUTES)["paths"]
    for route in ROUTES:
        assert ("security" in paths[route.path][route.method.lower()]) is route.access


def _try(operation: Any, url: str, token: str) -> None:
    """Makes calls of every kind that the contract allows for one operation."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]

    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def agrees(case: Any) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        case.call_and_validate(base_url=url, headers=headers, checks=wanted)

    agrees()


def _try_all(contract: Any, url: str, tokens: dict[tuple[str, str], str]) -> list[str]:
    """Which operations were tried."""
    tried = []
    for found in contract.get_all_operations():
        operation = found.ok()
        name = (operation.method.upper(), operation.path)
        _try(operation, url, tokens[name])
        tried.append(" ".join(name))
    return tried


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_node_does_what_its_contract_says(
    log_url: str, board_url: str, database_url: str, tmp_path: Path
) -> None:
    import schemathesis  # two seconds of CPU, which the other test processes are spared

    schemathesis.serializer.alias(UPLOAD_TYPE, "application/octet-stream")
    async with relay(make_settings(log_url, board_url, database_url, tmp_path)) as node:
        contract = await asyncio.to_thread(schemathesis.openapi.from_url, f"{node.url}/openapi.json")
        tokens = {
            (route.method, route.path): (await node.person(prekeys=2)).session["access_token"]
            for route in ROUTES
        }
        tried = await asyncio.to_thread(_try_all, contract, node.url, tokens)
    assert sorted(tried) == sorted(f"{route.method} {route.path}" for route in ROUTES)


async def test_the_contract_is_served_as_json(node: Relay) -> None:
    reply = await node.stranger().call("GET", "/openapi.json")
    assert (reply.status, reply.body["openapi"]) == (200, "3.1.0")
