"""The client gives every request the key of the moment, and keeps it to itself."""

import asyncio
import os
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from pipeline.commerce.events import BrowserId
from pipeline.errors import ConfigError
from pipeline.sitecore.client import ClientKey, StreamApi
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import Answer
from pipeline.sitecore.owed import DeliveryId
from pipeline.sitecore.request import CreateBrowser, SendEvent
from tests.fakes import FakeHttp, Journal

DELIVERY = DeliveryId("7d3f5b7e-5f0e-5c5b-9d7c-0f2f4d1a9b11")
VIEW = SendEvent(DELIVERY, {"type": "VIEW", "channel": "WEB", "browser_id": BrowserId("b")})


def kept(reason: str) -> float:
    """How often a changed file held no key."""
    labels = {"outcome": reason}
    return REGISTRY.get_sample_value("pipeline_client_key_reads_total", labels) or 0.0


def replace(path: Path, text: str) -> None:
    """Put another file in its place, as a mounted secret is replaced."""
    fresh = path.with_name("fresh")
    fresh.write_text(text)
    fresh.replace(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a key."""
    path = tmp_path / "client-key"
    path.write_text("first\n")
    return path


def test_each_request_is_sent_once_with_the_key_of_the_moment(file: Path) -> None:
    """A rotated key is used at once, and no restart is needed."""
    journal = Journal()
    api = StreamApi(FakeHttp(journal), key=ClientKey(file=str(file)), form="get", mark=False)

    first = asyncio.run(api.send(CreateBrowser(DELIVERY)))
    replace(file, "second")
    second = asyncio.run(api.send(VIEW))
    asyncio.run(api.close())

    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    requests = [details[0] for details in journal.details("send")]
    paths = [request.path for request in requests if isinstance(request, HttpRequest)]
    assert ["client_key=first" in paths[0], "client_key=second" in paths[1]] == [True, True]
    assert journal.effects() == ["send", "send", "close"]


def test_a_key_behind_a_swapped_link_is_found(tmp_path: Path) -> None:
    """A cluster mounts secrets as links to a directory, and swaps that; times may be equal."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "key").write_text(f"key-{name}")
        os.utime(tmp_path / name / "key", (1, 1))
    data, path = tmp_path / "..data", tmp_path / "key"
    data.symlink_to("one")
    path.symlink_to("..data/key")
    key = ClientKey(file=str(path))
    assert key() == "key-one"

    (tmp_path / "fresh").symlink_to("two")
    (tmp_path / "fresh").replace(data)

    assert key() == "key-two"


@pytest.mark.parametrize(
    ("broken", "reason"), [("", "empty"), (" \n", "empty"), (None, "unreadable")]
)
def test_a_file_without_a_key_keeps_the_last_good_one(
    file: Path, broken: str | None, reason: str
) -> None:
    """It may be in the middle of being replaced; it is counted once, and read when it is back."""
    key, before = ClientKey(file=str(file)), kept(reason)

    if broken is None:
        file.unlink()
    else:
        replace(file, broken)
    during = [key(), key()]
    counted = kept(reason) - before
    replace(file, "second")

    assert (during, counted, key()) == (["first", "first"], 1, "second")


def test_a_file_that_is_no_text_keeps_the_last_good_key(file: Path) -> None:
    """Whatever was mounted there."""
    key, before = ClientKey(file=str(file)), kept("unreadable")

    file.write_bytes(b"\xff\xfe\x00secret")

    assert (key(), kept("unreadable") - before) == ("first", 1)


def test_a_file_wins_over_a_key_in_the_settings(file: Path) -> None:
    """The file is the one that can be rotated."""
    assert ClientKey(key=SecretStr("given"), file=str(file))() == "first"
    assert ClientKey(key=SecretStr(" given "))() == "given"


def test_without_a_key_nothing_starts(tmp_path: Path) -> None:
    """Before anything is consumed; the message names the file and never its content."""
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"secret\xff")

    for path in (None, str(empty), str(tmp_path / "none")):
        with pytest.raises(ConfigError):
            ClientKey(file=path)
    with pytest.raises(ConfigError) as raised:
        ClientKey(file=str(binary))
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_key_is_not_shown(file: Path) -> None:
    """Not even where somebody prints the client or its request."""
    assert "first" not in repr(ClientKey(file=str(file)))
    assert "s3cret" not in repr(ClientKey(key=SecretStr("s3cret")))
    assert "s3cret" not in repr(HttpRequest("GET", "/?client_key=s3cret", b"s3cret"))
