"""Assemblers that stand still, come back, and find that Kafka has gone on without them."""

import itertools
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from prometheus_client import REGISTRY

from pipeline.errors import FatalKafkaError
from pipeline.kafka.clients import TRANSACTION_TIMEOUT_S
from tests.components.kafka import Kafka
from tests.components.process import Child
from tests.components.proxy import Api, Fault, Proxy
from tests.kafka.assembling import Shop, shop, until
from tests.kafka.buying import buys, check

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

GUESTS = [f"guest-{number}" for number in range(10)]
FENCED = FatalKafkaError.exit_code


@pytest.fixture(scope="module")
def proxy(kafka: Kafka) -> Iterator[Proxy]:
    """What children that are to be frozen at a known moment speak through."""
    with kafka.proxied() as proxy:
        yield proxy


@dataclass
class Frozen:
    """A worker that stands still just before its commit, and the shop that it works for."""

    shop: Shop
    child: Child
    held: Fault
    since: float


@pytest.fixture(scope="module", autouse=True)
def frozen(
    kafka: Kafka, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Frozen]:
    """Stand still while the other tests of this module run: Kafka's patience is long."""
    made = _shop(kafka, session_timeout_s=45.0)
    child = _behind(made, proxy).child("one", tmp_path_factory.mktemp("frozen"))
    held = proxy.hold(Api.END_TXN, made.application.encode())
    _buy(made, 0)
    assert held.met.wait(20)
    child.signal(signal.SIGSTOP)
    yield Frozen(made, child, held, time.monotonic())
    child.kill()


def _shop(kafka: Kafka, **changes: object) -> Shop:
    made = shop(kafka)
    return replace(made, kafka_settings=made.kafka_settings.model_copy(update=changes))


def _behind(made: Shop, proxy: Proxy) -> Shop:
    """The same shop, seen through the proxy."""
    settings = made.kafka_settings.model_copy(update={"bootstrap_servers": proxy.bootstrap})
    return replace(made, kafka_settings=settings)


def _buy(made: Shop, number: int) -> None:
    for guest in GUESTS:
        made.publish(*buys(guest, 1, first=number))


def _changes() -> float:
    labels = ({"worker": "assemble", "change": change} for change in ("assigned", "revoked"))
    found = (REGISTRY.get_sample_value("pipeline_partition_changes_total", one) for one in labels)
    return sum(one or 0.0 for one in found)


def test_a_zombie_keeps_nothing_of_what_it_had_in_hand(
    kafka: Kafka, proxy: Proxy, tmp_path: Path
) -> None:
    """Frozen with a transaction open: its offsets come when its partitions are another's."""
    made = _shop(kafka, session_timeout_s=2.0)
    child = _behind(made, proxy).child("one", tmp_path)
    _buy(made, 0)
    made.wait_until_read()
    held = proxy.hold(Api.TXN_OFFSET_COMMIT, made.application.encode())
    _buy(made, 1)
    assert held.met.wait(20)
    child.signal(signal.SIGSTOP)
    two = made.child("two", tmp_path)
    until(lambda: "change=assigned partitions=[0, 1]" in two.tail())
    held.end()
    child.signal(signal.SIGCONT)
    _buy(made, 2)
    made.wait_until_read()
    assert "transaction.aborted" in child.tail()
    child.kill()
    two.kill()

    check(made, GUESTS, 3)


def test_of_two_with_one_transactional_id_the_first_is_fenced(kafka: Kafka, tmp_path: Path) -> None:
    """One instance's name for two workers: the one that came later goes on alone."""
    made = _shop(kafka, session_timeout_s=3.0)
    child = made.child("one", tmp_path)
    _buy(made, 0)
    made.wait_until_read()
    with made.working("one"):
        rounds = itertools.takewhile(lambda _: child.running(), range(1, 200))
        for number in rounds:
            _buy(made, number)
            time.sleep(0.1)
        made.wait_until_read()

    assert child.wait(1) == FENCED, child.tail()
    assert "another member has taken over" in child.tail()
    check(made, GUESTS, number + 1)


@pytest.mark.parametrize(
    ("protocol", "ending"), [("classic", signal.SIGKILL), ("consumer", signal.SIGTERM)]
)
def test_a_static_member_comes_back_without_a_rebalance(
    kafka: Kafka, tmp_path: Path, protocol: str, ending: signal.Signals
) -> None:
    """Nobody else is disturbed; and of two that claim one name one ends."""
    made = _shop(kafka, static_membership=True, group_protocol=protocol)
    with made.working("two"):
        child = made.child("one", tmp_path)
        until(lambda: made.members() == 2 and "partition.ready" in child.tail())
        _buy(made, 0)
        made.wait_until_read()
        before = _changes()
        child.signal(ending)
        child.wait(20)
        child = made.child("one", tmp_path)
        _buy(made, 1)
        made.wait_until_read()
        assert _changes() == before

        twin = made.child("one", tmp_path)
        until(lambda: not (child.running() and twin.running()))
        assert child.running() != twin.running()
        assert (twin if child.running() else child).wait(1) == FENCED
        child.kill()
        twin.kill()

    check(made, GUESTS, 2)


def test_records_that_are_deleted_while_it_stands_still_are_counted(
    kafka: Kafka, tmp_path: Path
) -> None:
    """The next record is not there: it ends, and the next start goes on with what is left."""
    made = replace(_shop(kafka), partitions=2)
    commerce = made.topics.commerce[0]
    child = made.child("one", tmp_path)
    made.publish(*buys("ann", 1))
    made.wait_until_read()
    child.signal(signal.SIGSTOP)
    time.sleep(0.5)  # what was asked before is answered by now
    made.publish(*buys("ann", 1, first=1))
    made.publish(*buys("ann", 1, first=2))
    (number,) = {one.position.partition for one in made.read(commerce)}
    kafka.admin.delete_records([TopicPartition(commerce, number, 5)])
    until(lambda: made.read(commerce)[0].position.offset == 5)
    child.signal(signal.SIGCONT)

    assert child.wait(20) == FENCED, child.tail()
    assert "the next record to read is not there" in child.tail()
    with made.working():
        made.wait_until_read()
    counted = REGISTRY.get_sample_value("pipeline_expired_records_total", {"topic": commerce})
    assert counted == 2
    bought = [getattr(one, "order_id", None) for one in made.owed()]
    assert [one for one in bought if one] == ["ann-0", "ann-2"]


def test_a_transaction_that_times_out_is_made_again(frozen: Frozen) -> None:
    """Kafka has taken back what only the commit was missing of."""
    made, child = frozen.shop, frozen.child
    until(lambda: time.monotonic() - frozen.since > TRANSACTION_TIMEOUT_S + 2)
    frozen.held.end()
    child.signal(signal.SIGCONT)
    until(lambda: made.unread() == 0 or not child.running())
    child.signal(signal.SIGTERM)
    assert child.wait(20) in {0, FENCED}, child.tail()
    _buy(made, 1)
    with made.working():
        made.wait_until_read()

    check(made, GUESTS, 2)
