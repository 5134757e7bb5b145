"""The assembler on a real broker: what it owes, what it keeps, and what is left after a kill."""

import itertools
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config import AssembleSettings, KafkaSettings
from pipeline.errors import ConfigError, StateError
from pipeline.record import GuestId, Position, Record, later
from pipeline.sitecore.owed import Owed, OwedCart, OwedIdentity, OwedOrder
from tests.components.kafka import Kafka, running
from tests.components.process import Child
from tests.kafka.assembling import Shop, of_guest, shop, until
from tests.kafka.buying import buys, check, now, said
from tests.unit.orders import story

pytestmark = pytest.mark.kafka


def test_what_is_published_is_owed(kafka: Kafka) -> None:
    """The main job, as far as Kafka sees it."""
    made = shop(kafka)
    with made.working():
        made.publish(*buys("ann", 1), *buys("ben", 1))
        made.wait_until_read()

    kinds = [type(one) for one in of_guest(made.owed(), GuestId("ann"))]
    assert kinds == [OwedIdentity, OwedCart, OwedOrder]
    check(made, ["ann", "ben"], 1)


def test_a_restart_goes_on_with_what_was_known(kafka: Kafka) -> None:
    """The identity was read before the restart, the order after it."""
    made = shop(kafka)
    events = buys("ann", 2)
    for part in (events[:2], events[2:4], events[:]):
        made.publish(*part)
        with made.working():
            made.wait_until_read()

    check(made, ["ann"], 2)


def test_a_worker_killed_at_any_moment_loses_nothing_and_doubles_nothing(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Signal 9 gives no time to tidy up: Kafka's transactions must do it."""
    made = shop(kafka, settings=AssembleSettings(batch_window_s=0.02, batch_max=10))
    soon = made.kafka_settings.model_copy(update={"session_timeout_s": 2.0})
    made = replace(made, kafka_settings=soon)
    guests = [f"guest-{number}" for number in range(400)]
    conversations = [buys(guest, 10) for guest in guests]
    for events in itertools.zip_longest(*conversations):
        made.publish(*(event for event in events if event is not None))
    random.seed(7)
    for _ in range(4):
        child = made.child("one", tmp_path)
        _wait_for_progress(made, child)
        time.sleep(random.uniform(0.0, 0.1))
        child.kill()
    assert made.unread() > 0
    made = replace(made, settings=AssembleSettings())  # what is left needs no small batches
    with made.working():
        made.wait_until_read()

    check(made, guests, 10)


def _wait_for_progress(made: Shop, child: Child) -> None:
    before = made.unread()
    until(lambda: made.unread() < before or not child.running())
    assert child.running(), child.tail()


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.parametrize("sources", [1, 2])
def test_two_workers_share_and_hand_over(kafka: Kafka, protocol: str, sources: int) -> None:
    """A partition that moves takes its guests along, and no record is taken twice."""
    settings = KafkaSettings.model_validate(
        {
            "bootstrap_servers": kafka.bootstrap,
            "session_timeout_s": 6.0,
            "group_protocol": protocol,
        }
    )
    made = shop(kafka, partitions=4, sources=sources, kafka_settings=settings)
    guests = [f"guest-{number}" for number in range(30)]
    conversations = [buys(guest, 6) for guest in guests]
    turns = list(itertools.zip_longest(*conversations))

    def say(part: slice) -> None:
        for number, events in enumerate(turns[part]):
            made.publish(*(event for event in events if event), topic=number % sources)
            until(lambda: made.unread() < 200)

    with made.working("one"):
        say(slice(0, 4))
        with made.working("two") as two:
            until(two.ready)
            say(slice(4, 8))
        say(slice(8, None))
        made.wait_until_read()

    owed = made.owed()
    assert Counter(one.delivery_id for one in owed).most_common(1)[0][1] == 1
    bought = Counter(one.order_id for one in owed if isinstance(one, OwedOrder))
    assert bought == {f"{guest}-{number}": 1 for guest in guests for number in range(6)}


@pytest.mark.slow
@pytest.mark.usefixtures("kafka")
def test_a_broker_that_crashes_costs_nothing() -> None:
    """Commits without an answer are asked about, never guessed."""
    with running() as kafka:
        made = shop(kafka, settings=AssembleSettings(batch_window_s=0.02, batch_max=20))
        guests = [f"guest-{number}" for number in range(20)]
        conversations = [buys(guest, 2) for guest in guests]
        with made.working():
            for number in (0, 3):
                for events in conversations:
                    made.publish(*events[number : number + 3])
                kafka.kill()
                time.sleep(1)
                kafka.start()
            made.wait_until_read()

        check(made, guests, 2)


@pytest.mark.slow
@pytest.mark.usefixtures("kafka")
def test_one_broker_of_three_may_be_lost() -> None:
    """Coordinators and leaders move; the work goes on with what is left."""
    with running(brokers=3) as kafka:
        made = shop(kafka, settings=AssembleSettings(batch_window_s=0.02, batch_max=20))
        guests = [f"guest-{number}" for number in range(20)]
        conversations = [buys(guest, 4) for guest in guests]
        with made.supervised():
            for number in (0, 3, 6):
                for events in conversations:
                    made.publish(*events[number : number + 3])
                if number == 3:
                    kafka.kill(1)
            made.wait_until_read()

        check(made, guests, 4)


def test_an_unreadable_record_is_set_aside_as_it_was(kafka: Kafka) -> None:
    """Its bytes, its key and its headers, on the partition that it came from."""
    made = shop(kafka)
    commerce = made.topics.commerce[0]
    headers = (("trace", b"\x00\xff"), ("empty", None))
    for value in (b"", b"\xc3\x01 unknown", None):
        position = Position(commerce, 1, 0)
        made.publish_bytes(Record(position, now(), b"\xffkey", value, headers))
    made.publish(*buys("ann", 1))
    with made.working():
        made.wait_until_read()

    letters = made.read(made.topics.dead_letters)
    assert [letter.value for letter in letters] == [b"", b"\xc3\x01 unknown", None]
    assert {letter.key for letter in letters} == {b"\xffkey"}
    assert {letter.headers[:2] for letter in letters} == {headers}
    assert {letter.position.partition for letter in letters} == {1}
    offsets = [dict(letter.headers)["dead-letter-offset"] for letter in letters]
    assert offsets == [b"0", b"1", b"2"]
    check(made, ["ann"], 1)


def test_a_record_larger_than_any_letter_does_not_stop_the_worker(kafka: Kafka) -> None:
    """What does not fit is cut, and the rest of the partition goes on."""
    made = shop(kafka, partitions=1)
    large = kafka.topic("letters", 1, {"max.message.bytes": "200000"})
    made = replace(made, topics=made.topics.model_copy(update={"dead_letters": large}))
    position = Position(made.topics.commerce[0], 0, 0)
    noise = random.Random(1).randbytes(900_000)
    made.publish_bytes(Record(position, now(), b"ann", noise))
    made.publish(*buys("ann", 1))
    with made.working():
        made.wait_until_read()

    (letter,) = made.read(large)
    assert letter.value == noise[: 64 * 1024]
    assert dict(letter.headers)["dead-letter-truncated"] == b"true"
    check(made, ["ann"], 1)


def test_a_timer_fires_once_and_survives_a_restart(kafka: Kafka) -> None:
    """The order waits for a payment that never comes, while the worker is restarted."""
    made = shop(kafka)
    order = story.placed(3, "late", story.line("shoes"), payment=None)
    waits_from = later(now(), -54)
    made.publish(said(story.identified(1), "ann"), at=waits_from)
    made.publish(said(replace(order, ordered_at=now()), "ann", 1), at=waits_from)
    with made.working():
        made.wait_until_read()
    assert not any(isinstance(one, OwedOrder) for one in made.owed())

    def owed_orders() -> list[Owed]:
        return [one for one in made.owed() if isinstance(one, OwedOrder)]

    for _ in range(2):
        with made.working():
            until(lambda: bool(owed_orders()))

    (owed,) = owed_orders()
    assert owed.cause.timer is not None
    assert owed.cause.timestamp == later(waits_from, 60)


def test_a_new_group_begins_at_the_time_that_is_set(kafka: Kafka) -> None:
    """Events from before are left out, and that is what was asked for."""
    made = shop(kafka, partitions=1)
    made.publish(*buys("old", 1), at=later(now(), -7200))
    made.publish(*buys("new", 1))
    made.settings = AssembleSettings(start_at=_hour_ago())
    with made.working():
        until(lambda: bool(made.owed()))
        made.wait_until_read()

    assert {one.guest_id for one in made.owed()} == {"new"}


def test_offsets_without_guest_states_refuse_to_start(kafka: Kafka) -> None:
    """Somebody has deleted the states; only a person can say what now."""
    made = shop(kafka, partitions=1)
    made.publish(*buys("ann", 1))
    with made.working():
        made.wait_until_read()
    other = shop(kafka, partitions=1)
    emptied = made.topics.model_copy(update={"guest_states": other.topics.guest_states})

    with pytest.raises(StateError, match="guest states"), replace(made, topics=emptied).working():
        pass


def test_guest_states_without_offsets_refuse_to_start(kafka: Kafka) -> None:
    """The group's offsets have expired; to begin anew would read everything twice."""
    made = shop(kafka, partitions=1)
    made.publish(*buys("ann", 1))
    with made.working():
        made.wait_until_read()

    stranger = replace(made, application=f"{made.application}-other")
    with pytest.raises(StateError, match="no offsets"), stranger.working():
        pass


def test_topics_that_do_not_fit_refuse_to_start(kafka: Kafka) -> None:
    """A guest's state would lie on another partition than the guest's events."""
    made = shop(kafka, partitions=2)
    wrong = made.topics.model_copy(update={"stream_events": kafka.topic("stream", 3)})

    with pytest.raises(ConfigError, match="3 partitions"), replace(made, topics=wrong).working():
        pass


def _hour_ago() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
