"""The manifests: which processes, probed where, confined how, scaled by what, reached by whom."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from schema.roles import WORKERS, on_postgres, on_valkey
from schema.settings import Settings
from tests.ops.deploy.reading import DEPLOY, check_command, documents, files, kubernetes, metrics

PROCESSES = ("node", *WORKERS, "migrate", "functions")


def one(kind: str, name: str) -> dict[str, Any]:
    (found,) = (doc for doc in kubernetes() if doc["kind"] == kind and doc["metadata"]["name"] == name)
    return found


def pod(name: str) -> dict[str, Any]:
    return dict(one("Job" if name == "migrate" else "Deployment", name)["spec"]["template"])


def container(name: str) -> dict[str, Any]:
    (found,) = pod(name)["spec"]["containers"]
    return dict(found)


def port(name: str, called: str) -> int:
    return next(int(one["containerPort"]) for one in container(name)["ports"] if one["name"] == called)


def test_the_kustomization_holds_every_file() -> None:
    (found,) = documents(DEPLOY / "kubernetes/kustomization.yaml")
    there = {path.name for path in files("kubernetes/*.yaml")}
    assert set(found["resources"]) == there - {"kustomization.yaml", "adapter.yaml"}


@pytest.mark.parametrize("name", PROCESSES)
def test_every_container_runs_a_command_of_the_command_line(name: str) -> None:
    assert container(name)["image"] == "sealstream"
    words = container(name)["args"]
    check_command(list(words))
    assert words == {"node": ["node"], "migrate": ["migrate"], "functions": ["migrate", "--stay"]}.get(
        name, ["worker", name]
    )


@pytest.mark.parametrize("name", PROCESSES)
def test_every_pod_is_confined(name: str) -> None:
    spec = pod(name)["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False  # a Service's variables look like settings
    context = container(name)["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in container(name)["resources"]["limits"]


def test_nodes_are_probed_where_they_answer() -> None:
    node = container("node")
    assert (port("node", "http"), port("node", "metrics")) == (8080, 9100)
    probes = {name: node[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert probes == {
        "startup": {"path": "/healthz", "port": "http"},
        "liveness": {"path": "/healthz", "port": "http"},
        "readiness": {"path": "/readyz", "port": "http"},
    }


@pytest.mark.parametrize("name", ["node", *WORKERS])
def test_prometheus_finds_the_port_that_each_process_serves(name: str) -> None:
    expected = 9100 + ["node", *WORKERS].index(name)
    assert port(name, "metrics") == expected
    assert pod(name)["metadata"]["annotations"]["prometheus.io/port"] == str(expected)


@pytest.mark.parametrize("name", ["node", *WORKERS])
def test_a_disruption_leaves_one_of_each(name: str) -> None:
    budget = one("PodDisruptionBudget", name)["spec"]
    assert budget["selector"]["matchLabels"].items() <= pod(name)["metadata"]["labels"].items()
    assert one("Deployment", name)["spec"].get("replicas", 2) == 2
    assert budget.get("minAvailable") == 1 or budget.get("maxUnavailable") == 1


def test_nodes_are_scaled_by_a_metric_that_they_serve() -> None:
    scaler = one("HorizontalPodAutoscaler", "node")["spec"]
    names = [metric["pods"]["metric"]["name"] for metric in scaler["metrics"] if metric["type"] == "Pods"]
    (adapter,) = documents(DEPLOY / "kubernetes/adapter.yaml")
    assert names == [rule["name"]["as"] for rule in adapter["rules"]["custom"]]
    assert set(names) <= metrics()
    assert "replicas" not in one("Deployment", "node")["spec"]  # or each apply would undo the scaling
    assert scaler["minReplicas"] >= 2


def test_nothing_is_reached_that_no_policy_names() -> None:
    nothing = one("NetworkPolicy", "nothing-else")["spec"]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    policies = [doc for doc in kubernetes() if doc["kind"] == "NetworkPolicy"]
    opened = {
        rule["port"]
        for policy in policies
        for way in policy["spec"].get("ingress", [])
        for rule in way["ports"]
    }
    assert opened == {8080, 9100}
    for policy in policies:
        assert all(way["from"] for way in policy["spec"].get("ingress", []))


def test_the_settings_can_be_read() -> None:
    common = one("ConfigMap", "sealstream")["data"]
    for name in PROCESSES:
        role = "admin" if name in ("migrate", "functions") else name
        named = [f"sealstream-{role}"] + (["sealstream-archive"] if name in ("node", "retention") else [])
        sources = [source.get("secretRef", {}).get("name") for source in container(name)["envFrom"]]
        assert [source for source in sources if source] == named
        settings = Settings.from_env(common | one("Secret", f"sealstream-{role}")["stringData"])
        for url in (settings.log_url, settings.board_url):
            assert urlsplit(url or "").username == on_valkey(role)
        user = urlsplit(settings.database_url or "").username
        assert user == ("sealstream" if role == "admin" else on_postgres(role))
    key = common["SEALSTREAM_SECRET_FILE"]
    for name in ("node", "retention"):
        mounts = {mount["mountPath"] for mount in container(name)["volumeMounts"]}
        assert any(key.startswith(f"{path}/") for path in mounts), name


def test_the_image_has_this_version() -> None:
    (found,) = documents(DEPLOY / "kubernetes/kustomization.yaml")
    assert [image["name"] for image in found["images"]] == ["sealstream"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["images"][0]["newTag"])
