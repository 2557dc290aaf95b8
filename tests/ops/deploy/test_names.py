"""What ops/deploy names exists: settings, commands, metrics, ports, sections of the runbook."""

import re
import shutil
import subprocess

import promql_parser
import pytest
from prometheus_client import Counter

import relay.metrics
from schema.roles import WORKERS
from schema.settings import Settings
from tests.ops.deploy.reading import (
    DEPLOY,
    OF_EVERY_PROCESS,
    ROOT,
    SETTINGS,
    check_command,
    documents,
    expressions,
    files,
    metrics,
    metrics_in,
    services,
)

RELAY = "sealstream:"


def test_every_setting_that_a_file_names_is_one() -> None:
    named = {
        (path.name, name)
        for path in files("*")
        if path.is_file()
        for name in re.findall(r"SEALSTREAM_[A-Z_]+", path.read_text("utf-8"))
    }
    assert {name for _, name in named} - SETTINGS == set(), named
    assert "SEALSTREAM_TRUSTED_PROXIES" in {name for _, name in named}


def test_every_container_runs_a_command_of_the_command_line() -> None:
    commands = [service["command"] for service in services().values() if service["image"].startswith(RELAY)]
    assert len(commands) == 2 + len(WORKERS) + 4  # nodes, workers, migration, functions, roles, tool
    for words in commands:
        check_command(list(words))
    assert {words[1] for words in commands if words[0] == "worker"} == set(WORKERS)


def test_a_command_that_is_none_is_found_out() -> None:
    import click

    with pytest.raises(click.UsageError):
        check_command(["worker", "projektor"])
    with pytest.raises(click.UsageError):
        check_command(["nodes"])


def test_every_service_has_settings_that_can_be_read() -> None:
    for service in services().values():
        if service["image"].startswith(RELAY):
            environment = {
                name: re.sub(r"\$\{\w+[^}]*\}", "x", value) for name, value in service["environment"].items()
            }
            assert Settings.from_env(environment) != Settings.from_env({}), service


def test_dashboard_and_alerts_ask_for_metrics_that_nodes_or_workers_serve() -> None:
    asked = set().union(*(metrics_in(expression) for expression in expressions()))
    assert asked - metrics() - OF_EVERY_PROCESS == set()
    assert {"sealstream_sockets", "sealstream_group_lag"} <= asked
    assert all(metrics_in(expression) for expression in expressions())


def test_every_expression_is_promql() -> None:
    parsed = [promql_parser.parse(each.replace("$__rate_interval", "1m")) for each in expressions()]
    assert len(parsed) > 20
    assert all(parsed)


def test_prometheus_scrapes_the_port_that_each_process_serves() -> None:
    (config,) = documents(DEPLOY / "prometheus/prometheus.yaml")
    targets = {
        target
        for job in config["scrape_configs"]
        for one in job["static_configs"]
        for target in one["targets"]
    }
    assert targets == {"node-0:9100", "node-1:9100"} | {
        f"{name}:{9100 + 1 + number}" for number, name in enumerate(WORKERS)
    }
    for number, name in enumerate(WORKERS):
        assert f":{9101 + number}/metrics" in str(services()[name]["healthcheck"]["test"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_its_configuration_and_the_rules() -> None:
    for words in (("config", "prometheus.yaml"), ("rules", "alerts.yaml")):
        done = subprocess.run(
            ["promtool", "check", *words],
            cwd=DEPLOY / "prometheus",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_names_a_section_of_the_runbook() -> None:
    sections = set(re.findall(r"^#+ (.+)$", (ROOT / "ops/runbook.md").read_text("utf-8"), re.MULTILINE))
    (rules,) = documents(DEPLOY / "prometheus/alerts.yaml")
    for group in rules["groups"]:
        for rule in group["rules"]:
            page, _, section = rule["annotations"]["runbook"].partition(": ")
            assert page == "ops/runbook.md", rule["alert"]
            assert section in sections, rule["alert"]


def test_a_nodes_counters_that_alerts_watch_are_there_before_their_first_event() -> None:
    """Prometheus sees no increase in a series that begins with it."""
    (rules,) = documents(DEPLOY / "prometheus/alerts.yaml")
    watched = {
        name for group in rules["groups"] for rule in group["rules"] for name in metrics_in(rule["expr"])
    }
    counters = [
        one
        for one in vars(relay.metrics).values()
        if isinstance(one, Counter) and f"{one._name}_total" in watched
    ]
    assert {one._name for one in counters} >= {"sealstream_refusals", "sealstream_connections_refused"}
    for counter in counters:
        assert counter.collect()[0].samples, counter
