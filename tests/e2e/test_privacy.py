"""Personal data and secrets, planted and looked for in everything that an installation leaves."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.record import Record, in_utc
from pipeline.sandbox.running import RunningSandbox, wall_clock
from pipeline.sandbox.settings import SandboxSettings, Shop
from tests.cases.shop import Document, event, line, money
from tests.components.kafka import Kafka
from tests.e2e.stack import CLIENT_KEY, WORKERS, Stack

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SHOP = "shop/dublin"
CONTACT = (
    *("title", "firstName", "lastName", "gender", "email", "mobile", "phone", "city", "state"),
    "postalCode",
)
_PLANT = re.compile(rb"planted-[a-z]+-\w+", re.IGNORECASE)
SECRETS = (CLIENT_KEY, "a-password-of-kafka")


def plant(guest: str, what: str) -> str:
    """A word that stands for something personal, and for nothing else."""
    return f"planted-{guest}-{what}"


def planted_in(data: bytes | None) -> set[str]:
    """The words that are found, in lower case as Sitecore wants some of them."""
    return {word.decode().lower() for word in _PLANT.findall(data or b"")}


def of(name: str, guest: str, number: int, **fields: Any) -> Document:
    """An event of a guest, now."""
    now = in_utc(wall_clock())
    places = {"pointOfSale": SHOP, "browserId": None, "occurredAt": now, "guestId": guest}
    return event(name, number, **(places | fields))


def identified(guest: str, **fields: Any) -> Document:
    """Who a guest is, each part a planted word."""
    contact: dict[str, Any] = {name: plant(guest, name) for name in CONTACT}
    contact |= {"street": [plant(guest, "street")], "dateOfBirth": "1985-12-24"}
    identifiers = [{"provider": "CRM", "id": plant(guest, "crm")}]
    who = {"identifiers": identifiers, "contact": contact} | fields
    return of("GuestIdentified", guest, 1, **who)


def placed(guest: str, **fields: Any) -> Document:
    """An order of one line."""
    order = {
        "orderId": f"{guest}-1",
        "orderedAt": in_utc(wall_clock()),
        "status": "PURCHASED",
        "total": money("60"),
        "lines": [line()],
        "payment": {"type": "PayPal"},
    }
    return of("OrderPlaced", guest, 2, **(order | fields))


def day() -> list[Document]:
    """Orders that arrive, wait, are refused by us or by Sitecore, and one that was cancelled."""
    later = {"orderId": "known-1", "orderedAt": in_utc(wall_clock())}
    return [
        *(identified("known"), placed("known"), of("OrderCancelled", "known", 3, **later)),
        placed("stranger"),
        identified("foreign", identifiers=[{"provider": "X", "id": plant("foreign", "x")}]),
        *(identified("refused"), placed("refused", lines=[line(type="FORBIDDEN")])),
        identified("nowhere", pointOfSale="shop/atlantis"),
        *(identified("erased"), placed("erased", payment=None)),
    ]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A destination that refuses one item type."""
    tenant = SandboxSettings(client_key=CLIENT_KEY, shops={SHOP: Shop()})
    with RunningSandbox(tenant) as running:
        faults = running.sandbox.faults
        running.sandbox.set_faults(type(faults)(refuse_item_types=("FORBIDDEN",)))
        yield running


@pytest.fixture
def stack(
    kafka: Kafka, sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """Both workers, which say all that they ever say."""
    monkeypatch.setenv("PIPELINE_LOG_LEVEL", "debug")
    point = {"name": SHOP, "identity_providers": ["CRM"]}
    running = Stack(
        kafka,
        sandbox,
        tmp_path,
        {
            "kafka": {"secrets": {"ssl.key.password": SECRETS[1]}},
            "sitecore": {"points_of_sale": [point]},
            "assemble": {"identity_wait_s": 2, "payment_wait_s": 300},
        },
    )
    yield running
    running.close()


def test_personal_data_is_where_it_is_said_to_be_and_secrets_are_nowhere(
    stack: Stack, sandbox: RunningSandbox
) -> None:
    """Topics of commerce, states, what is owed and dead letters; no log, no metric, no ledger."""
    metrics = _played(stack, sandbox)

    words = planted_in(b"\n".join(_all(stack.read(stack.commerce))))
    assert len(words) > 40
    seen = {name: _all(stack.read(topic)) for name, topic in stack.topics.items()}
    found = {name: planted_in(b"\n".join(parts)) for name, parts in seen.items()}
    assert plant("known", "crm") in found["guest_states"] & found["stream_events"]
    assert plant("foreign", "x") in found["dead_letters"]
    assert found["deliveries"] == set()
    logs = b"".join(file.read_bytes() for file in stack.folder.glob("*.log"))
    assert logs
    assert planted_in(logs + metrics) == set()
    for secret in SECRETS:
        everything = (*seen.values(), [logs, metrics, stack.command("check", "--print").encode()])
        assert not [part for parts in everything for part in parts if secret.encode() in part]
    assert {json.loads(one.text).get("client_key") for one in _events(sandbox)} == {CLIENT_KEY}
    _check_erased(stack)
    assert not any(one.reference_id.startswith("e") for one in sandbox.sandbox.tenant.orders)


def _played(stack: Stack, sandbox: RunningSandbox) -> bytes:
    """Play the day and an erasure, and give what both workers then count."""
    documents = day()
    stack.command("publish", "-", stdin="\n".join(map(json.dumps, documents)))
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap})
    producer.produce(stack.commerce, key=b"noise", value=plant("noise", "bytes").encode())
    producer.flush(10)
    stack.start(*WORKERS)
    _wait_until(stack, lambda: len(sandbox.sandbox.tenant.orders) >= 1)
    stack.command("erase", "erased", "--yes")
    later = [identified("erased", eventId=placed("a")["eventId"]), placed("erased", orderId="e-2")]
    stack.command("publish", "-", stdin="\n".join(map(json.dumps, later)))
    stack.wait_until_assembled(len(documents) + 4)
    _wait_until(stack, lambda: _is_set_aside(stack, "guest_erased", 3))
    _wait_until(stack, lambda: _is_set_aside(stack, "identity_missing", 1))
    metrics = b"".join(map(stack.metrics, WORKERS))
    for worker in WORKERS:
        stack.signal(worker, signal.SIGTERM)
        assert stack.wait(worker, 30) == 0
    return metrics


def _check_erased(stack: Stack) -> None:
    """A mark is left of the guest, and of what is said later the position alone."""
    for name in ("guest_states", "deliveries"):
        kept = [one.value for one in stack.read(stack.topics[name]) if one.key == b"erased"]
        assert kept
        assert planted_in(kept[-1]) == set()
    letters = list(stack.read(stack.topics["dead_letters"]))
    of_erased = [one for one in letters if _reason(one) == "guest_erased"]
    assert len(of_erased) == 3
    assert {(one.key, one.value) for one in of_erased} == {(None, None)}


def _events(sandbox: RunningSandbox) -> list[Any]:
    return [one for one in sandbox.sandbox.log.newest if one.endpoint == "event/post"]


def _all(records: Iterator[Record]) -> list[bytes]:
    """Every byte of records: keys, values, headers."""
    return [
        part or b""
        for one in records
        for part in (one.key, one.value, *(of for name, of in one.headers))
    ]


def _reason(letter: Record) -> str:
    return (dict(letter.headers).get("dead-letter-reason") or b"").decode()


def _is_set_aside(stack: Stack, reason: str, count: int) -> bool:
    letters = stack.read(stack.topics["dead_letters"])
    return sum(_reason(one) == reason for one in letters) >= count


def _wait_until(stack: Stack, ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < until
        stack.check()
        time.sleep(0.3)
