"""The files of ops/deploy as data, and what they may name: commands, settings, metrics."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import click
import yaml
from prometheus_client import REGISTRY

from ops.cli import main
from schema.settings import DOCUMENTED

ROOT: Final = Path(__file__).parents[3]
DEPLOY: Final = ROOT / "ops" / "deploy"
SETTINGS: Final = frozenset(name for name, _, _ in DOCUMENTED)
OF_EVERY_PROCESS: Final = frozenset(
    ("up", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds")
)
"""Prometheus's own, and the client library's on Linux."""


def files(*patterns: str) -> list[Path]:
    """Every file of ops/deploy that matches; never none."""
    found = sorted(path for pattern in patterns for path in DEPLOY.rglob(pattern))
    assert found, patterns
    return found


@cache
def documents(path: Path) -> list[Any]:
    """The YAML documents of a file."""
    return [found for found in yaml.safe_load_all(path.read_text("utf-8")) if found is not None]


def compose() -> dict[str, Any]:
    (found,) = documents(DEPLOY / "compose.yaml")
    return dict(found)


def services(name: str = "compose.yaml") -> dict[str, Any]:
    (found,) = documents(DEPLOY / name)
    return dict(found["services"])


def kubernetes() -> list[dict[str, Any]]:
    """Every Kubernetes object in ops/deploy/kubernetes, as written."""
    paths = [
        path for path in files("kubernetes/*.yaml") if path.name not in ("kustomization.yaml", "adapter.yaml")
    ]
    return [found for path in paths for found in documents(path)]


def check_command(words: list[str]) -> None:
    """Raises click's errors for a command line that the CLI does not take. Nothing is run."""
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        name, command_or_none, words = command.resolve_command(context, words)
        assert command_or_none is not None, name
        command = command_or_none
        context = click.Context(command, parent=context, info_name=name)
    command.parse_args(context, list(words))


@cache
def metrics() -> frozenset[str]:
    """The names of every series that nodes and workers serve."""
    import relay.metrics
    import workers.metrics

    assert relay.metrics, workers.metrics  # imported, they are registered
    return frozenset(name for name in REGISTRY._names_to_collectors if name.startswith("sealstream_"))


def metrics_in(expression: str) -> set[str]:
    """The series that a PromQL expression asks for."""
    return set(re.findall(r"\b(?:sealstream|process)_\w+|\bup\b", expression))


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard."""
    found = json.loads((DEPLOY / "grafana/dashboards/sealstream.json").read_text("utf-8"))
    return list(found["panels"])


def expressions() -> list[str]:
    """Every PromQL expression of dashboard and alert rules."""
    (rules,) = documents(DEPLOY / "prometheus/alerts.yaml")
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return alerts + [target["expr"] for panel in panels() for target in panel["targets"]]
