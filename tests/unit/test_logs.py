"""Log lines: one JSON object each, whoever wrote it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from pipeline import logs


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[dict[str, object]]:
    """Read the lines back."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_is_one_json_object() -> None:
    """Collectors split by line and index by field."""
    stream = io.StringIO()
    logs.configure("info", stream)

    structlog.get_logger().info("record.dead_lettered", position="a/1@2", reason="framing\n")

    (line,) = written(stream)
    assert line["event"] == "record.dead_lettered"
    assert line["reason"] == "framing\n"
    assert line["level"] == "info"
    assert str(line["timestamp"]).endswith("Z")


def test_less_severe_lines_are_dropped() -> None:
    """The level is the setting's, for the Kafka client's lines too."""
    stream = io.StringIO()
    logs.configure("warning", stream)

    structlog.get_logger().info("a.happened")
    logs.librdkafka().info("chatter")

    assert stream.getvalue() == ""


def test_lines_of_the_kafka_client_are_routed() -> None:
    """Its reasons (a wrong password, a broker gone) stand among ours, in the same form."""
    stream = io.StringIO()
    logs.configure("info", stream)

    logs.librdkafka().error("FAIL [rdkafka#consumer-1] %s", "broker down")

    (line,) = written(stream)
    assert line["event"] == "FAIL [rdkafka#consumer-1] broker down"
    assert line["logger"] == "librdkafka"


def test_a_line_of_the_kafka_client_is_not_written_a_thousand_times() -> None:
    """A client without its broker repeats itself some hundred times a second."""
    now = [0.0]
    once = logs.Once(clock=lambda: now[0])

    passed = [once.passes("broker 1 is down after 17ms"), once.passes("broker 1 is down after 3ms")]
    now[0] = 11.0
    passed.append(once.passes("broker 1 is down after 5ms"))

    assert passed == [True, False, True]
    assert once.passes("wrong password")


def test_an_http_library_never_writes_an_address() -> None:
    """In the GET form the address holds the client key; httpx logs it at info."""
    stream = io.StringIO()
    logs.configure("debug", stream)

    logging.getLogger("httpx").info("HTTP Request: GET https://x/?client_key=secret")

    assert stream.getvalue() == ""


def test_a_terminal_gets_lines_for_people() -> None:
    """Whoever starts a worker by hand reads, and does not parse."""
    stream = Terminal()
    logs.configure("info", stream)

    structlog.get_logger().info("worker.started", worker="assemble")

    assert "worker.started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
