"""What runbooks tell people to type is typed: to the genuine kubectl, and to a real broker."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.chart.rendering import NAMESPACE, Object, of_kind, pod_of, rendered
from tests.components.cluster_api import ClusterApi
from tests.components.helm import kubectl
from tests.components.kafka import Kafka
from tests.components.maven import MissingToolError, kafka_tools, require_java
from tests.components.reading import committed
from tests.conftest import skip
from tests.observability.sources import ROOT, RUNBOOKS, blocks

PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if "kubectl" in path.read_text())
TOOLS = {"kafka-transactions.sh": "org.apache.kafka.tools.TransactionsCommand"}
"""The classes that scripts of Kafka run."""
EVENT: Object = {
    "kind": "Event",
    "apiVersion": "v1",
    "metadata": {"name": "evicted"},
    "lastTimestamp": "2026-01-31T00:00:00Z",
    "reason": "Evicted",
}


def typed(page: Path, **words: str) -> list[str]:
    """The lines of a page, with what stands for something replaced by it."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    for word, meant in words.items():
        lines = [re.sub(rf"\b{word}\b", meant, line) for line in lines]
    return lines


def pods(release: tuple[Object, ...]) -> Iterator[Object]:
    """The pods of a release as a cluster shows them; each has restarted."""
    for owner in of_kind(release, "StatefulSet"):
        pod = pod_of(owner)
        containers = pod["spec"]["containers"]
        ended = {"terminated": {"exitCode": 76, "reason": "Error"}}
        yield {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {**pod["metadata"], "name": f"{owner['metadata']['name']}-0", "uid": "1"},
            "spec": pod["spec"],
            "status": {
                "phase": "Running",
                "containerStatuses": [
                    {"name": one["name"], "lastState": ended} for one in containers
                ],
            },
        }


@pytest.fixture(scope="module")
def cluster() -> ClusterApi:
    """A cluster that has the chart's objects, and whose pods have logged one line of each kind."""
    try:
        kubectl()
    except MissingToolError as missing:
        skip(missing)
    release = rendered("rekey")
    there = [
        {**one, "metadata": {**one["metadata"], "namespace": NAMESPACE}}
        for one in (EVENT, *pods(release), *of_kind(release, "StatefulSet"))
    ]
    logged = "".join(path.read_text() for path in (ROOT / "pipeline/metrics").glob("*.py"))
    return ClusterApi(there, "\n".join(sorted(re.findall(r'"[a-z_]+\.[a-z_]+"', logged))))


@pytest.fixture(scope="module")
def shell(cluster: ClusterApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Shell"]:
    """A shell in which the first page's lines have been typed."""
    with cluster.serving() as address:
        running = Shell(address, tmp_path_factory.mktemp("home"))
        said = running.type([*typed(RUNBOOKS / "README.md"), "echo $NS $ASSEMBLE $DELIVER"])
        running.variables = dict(
            zip(("NS", "ASSEMBLE", "DELIVER"), said.splitlines()[-1].split(), strict=True)
        )
        yield running


class Shell:
    """A shell whose kubectl asks a cluster."""

    def __init__(self, address: str, home: Path) -> None:
        self.variables: dict[str, str] = {}
        self._home = home
        settings = home / "config"
        settings.write_text(
            f"{{clusters: [{{name: c, cluster: {{server: '{address}'}}}}], "
            "contexts: [{name: c, context: {cluster: c}}], current-context: c}"
        )

    def type(self, lines: Sequence[str]) -> str:
        """Run lines, until one fails or complains; returns what they print."""
        env = {
            "HOME": str(self._home),
            "KUBECONFIG": str(self._home / "config"),
            "PATH": f"{kubectl().parent}:{os.environ['PATH']}",
            **self.variables,
        }
        script = ["set -euo pipefail", *lines]
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)], env=env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_kubectl_does_what_is_asked_of_it(page: Path, cluster: ClusterApi, shell: Shell) -> None:
    """Selectors find pods, options exist, log lines that are searched for are written."""
    pod = "orders-commerce-to-sitecore-assemble-0"
    lines = [line for line in typed(page, POD=pod) if "kubectl" in line]
    cluster.asked.clear()
    cluster.bring_back()

    shell.type([f"{line} 2>{os.devnull} || true" if is_endless(line) else line for line in lines])

    assert len(cluster.asked) >= len(lines)
    assert sum("&watch=true" in one for one in cluster.asked) == sum(map(is_endless, lines))


def is_endless(line: str) -> bool:
    """Whether a command goes on until somebody ends it; here the cluster does, which it regrets."""
    return line.endswith(" -w")


def test_pods_are_found_by_what_they_do(shell: Shell) -> None:
    """An empty name would send every command to nobody."""
    assert shell.variables == {
        "NS": NAMESPACE,
        "ASSEMBLE": "pod/orders-commerce-to-sitecore-assemble-0",
        "DELIVER": "pod/orders-commerce-to-sitecore-deliver-0",
    }


def test_commands_run_where_their_settings_are(cluster: ClusterApi, shell: Shell) -> None:
    """The words behind `--` reach the pod as they are."""
    cluster.asked.clear()

    shell.type(['kubectl -n "$NS" exec "$DELIVER" -- pipeline guest GUEST-ID'])

    assert "/pods/orders-commerce-to-sitecore-deliver-0/exec?" in cluster.asked[-1]
    assert "command=pipeline&command=guest&command=GUEST-ID" in cluster.asked[-1]


@pytest.mark.kafka
def test_kafkas_tools_end_a_transaction_that_was_left_open(kafka: Kafka) -> None:
    """As the page says: find it, see where it began, abort it."""
    topic = kafka.topic("commerce")
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap, "transactional.id": topic, "log_level": 2}
    )
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(topic, b"never ended")
    other = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 2})
    assert producer.flush(30) == 0
    other.produce(topic, b"behind it")
    assert other.flush(30) == 0
    assert list(committed(kafka.bootstrap, topic)) == []
    page = RUNBOOKS / "PipelineWorkerStalled.md"
    meant = {"BROKER:9092": kafka.bootstrap, "TOPIC": topic, "PARTITION": "0", "OFFSET": "0"}
    lines = [line for line in typed(page, **meant) if line.startswith("kafka-")]

    said = [run(line) for line in lines]

    assert [line.split()[3] for line in lines] == ["find-hanging", "describe-producers", "abort"]
    assert re.search(r"^\d+\s.*\s0\s*$", said[1], re.M), said[1]
    assert [record.value for record in committed(kafka.bootstrap, topic)] == [b"behind it"]


def run(line: str) -> str:
    """Run a tool of Kafka as its script would, and return what it prints."""
    script, *words = shlex.split(line)
    java = [require_java(), "-XX:TieredStopAtLevel=1", "-cp", kafka_tools(), TOOLS[script]]
    done = subprocess.run([*java, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
