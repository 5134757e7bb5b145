"""Why is it late: every second that a message waits is told, under its cause."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import REGISTRY

from pipeline.deliver.waits import Waits
from pipeline.settings import DeliverSettings
from pipeline.sitecore.outcome import NoAnswer, NotSent, Reply
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.world import Member, World, passes, run

SETTINGS = DeliverSettings()
CAUSES = ["earlier", "retry", "slots", "lease", "outage", "held", "throttle", "pacing", "turn"]


def waited() -> dict[str, float]:
    """Seconds waited so far, by cause."""
    found = {
        c: REGISTRY.get_sample_value("pipeline_wait_seconds_sum", {"cause": c}) for c in CAUSES
    }
    return {cause: seconds or 0.0 for cause, seconds in found.items()}


@contextmanager
def waits() -> Iterator[dict[str, float]]:
    """Fill in, when left, what was waited for meanwhile: at least a hundredth of a second."""
    found: dict[str, float] = {}
    before = waited()
    yield found
    after = waited()
    told = {cause: round(after[cause] - before[cause], 2) for cause in CAUSES}
    found.update({cause: seconds for cause, seconds in told.items() if seconds >= 0.01})


def test_sums_tell_what_one_has_waited_for_that_began_in_between() -> None:
    """One sum a cause is enough for any number that wait."""
    made = Waits()
    made.turn(10, "slots")
    made.turn(11, "outage")
    first = made.closed
    made.turn(14, "slots")
    made.turn(16, None)
    second = made.closed
    made.turn(99, "slots")

    assert dict(made.since(first)) == {"outage": 3, "slots": 2}
    assert dict(made.since(second)) == {}
    assert dict(made.since({})) == {"slots": 3, "outage": 3}


def test_a_message_that_goes_at_once_waits_for_nothing() -> None:
    """Else the figures would say that everything is late."""

    async def scenario(world: World) -> None:
        Member(world, SETTINGS)
        await passes(5)
        world.owe(view("a", 1))
        await passes(5)

    with waits() as found:
        run(scenario)

    assert found == {}


def test_a_message_waits_for_those_before_it_of_its_guest() -> None:
    """Each takes 50 ms and 10 ms until it is kept: the second waits 60 ms, the third 120."""

    async def scenario(world: World) -> None:
        Member(world, SETTINGS)
        await passes(5)
        world.owe(view("a", 1), view("a", 2), view("a", 3), view("b", 4))
        await passes(5)

    with waits() as found:
        run(scenario)

    assert found == {"earlier": 0.18}


def test_a_message_waits_for_a_free_slot() -> None:
    """Five guests and two slots: two wait one turn of 60 ms, one waits two."""

    async def scenario(world: World) -> None:
        Member(world, DeliverSettings(in_flight_max=2))
        await passes(5)
        world.owe(*(view(f"g{i}", i) for i in range(5)))
        await passes(5)

    with waits() as found:
        run(scenario)

    assert found == {"slots": 0.24}


def test_a_message_waits_for_the_pace() -> None:
    """At two a second without a burst, the second waits half a second, the third a whole one."""

    async def scenario(world: World) -> None:
        Member(world, DeliverSettings(requests_per_s=2))
        await passes(5)
        world.owe(view("a", 1), view("b", 2), view("c", 3))
        await passes(5)

    with waits() as found:
        run(scenario)

    assert found == {"pacing": pytest.approx(1.5, abs=0.02)}


def test_a_message_waits_to_be_tried_again() -> None:
    """The dice fall on the middle of half a second, of which keeping the answer took 10 ms."""

    async def scenario(world: World) -> None:
        replies = iter([NotSent("connect_failed")])
        world.reply = lambda _: next(replies, http_answer())
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(60)

    with waits() as found:
        run(scenario)

    assert found == {"retry": 0.24}


def test_a_message_waits_while_the_destination_wants_to_be_left_alone() -> None:
    """Ten seconds and a margin of a tenth, from its answer on: the one throttled, and another."""

    async def scenario(world: World) -> None:
        Member(world, SETTINGS)
        await passes(5)
        replies = iter([http_answer(429, b"", (("retry-after", "10"),))])
        world.reply = lambda _: next(replies, http_answer())
        world.owe(view("a", 1))
        await passes(1.05)
        world.owe(view("b", 2))
        await passes(30)

    with waits() as found:
        run(scenario)

    assert found.pop("throttle") == pytest.approx(11.0 + 10.0, abs=0.1)
    assert found.keys() <= {"pacing"}


def test_a_message_waits_for_the_end_of_an_outage() -> None:
    """Not for the slots that all wait for once it is over."""

    async def scenario(world: World) -> None:
        def reply(request: Request) -> Reply:
            assert isinstance(request, SendEvent)
            mine = request.message["browser_id"] == browser_of("late")
            return http_answer() if mine or healed else NoAnswer("answer_timeout")

        healed = False
        world.reply = reply
        Member(world, DeliverSettings(in_flight_max=1))
        world.owe(*(view(f"g{i}", i) for i in range(3)))
        await passes(100)
        before = waited()
        world.owe(view("late", 9))
        await passes(50)
        healed = True
        await passes(200)
        after = waited()
        assert after["outage"] - before["outage"] > 30
        assert after["slots"] - before["slots"] < 1

    run(scenario)


def test_a_message_waits_for_the_lease() -> None:
    """No coordinator acknowledges that the partitions are ours: nobody is to blame but Kafka."""

    async def scenario(world: World) -> None:
        Member(world, DeliverSettings(lease_s=5))
        await passes(5)
        world.fails_commit = lambda: True
        await passes(10)
        world.owe(view("a", 1))
        await passes(20)
        world.fails_commit = lambda: False
        await passes(10)

    with waits() as found:
        run(scenario)

    assert found == {"lease": pytest.approx(20, abs=1.1)}


def test_a_message_waits_for_its_turn() -> None:
    """Nothing is in its way but those before it, of which each takes some of the processor."""

    async def scenario(world: World) -> None:
        member = Member(world, DeliverSettings(in_flight_max=10_000))
        await passes(5)

        def reply(_: Request) -> Reply:
            member.clock.frozen_s += 0.001
            return http_answer()

        world.reply = reply
        world.owe(*(view(f"g{i}", i) for i in range(300)))
        await passes(5)

    with waits() as found:
        run(scenario)

    assert found.keys() == {"turn"}


def test_a_message_waits_while_everything_is_held() -> None:
    """Then it waits for a person."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: http_answer(401, b"")
        world.owe(view("a", 1), view("b", 2))
        Member(world, SETTINGS)
        await passes(100)
        world.reply = lambda _: http_answer()
        await passes(100)

    with waits() as found:
        run(scenario)

    assert found["held"] > 90


def test_a_partition_of_which_too_much_is_in_hand_is_told() -> None:
    """Then it is its own backlog that is late, and no other partition's."""

    def full() -> float | None:
        return REGISTRY.get_sample_value("pipeline_full_partitions")

    async def scenario(world: World) -> None:
        world.reply = lambda _: NotSent("connect_failed")
        world.owe(*(view(f"g{i}", i) for i in range(10)))
        world.owe(view("b", 1), partition=1)
        Member(world, DeliverSettings(in_hand_max=10), partitions=(0, 1), of=2)
        await passes(5)
        assert full() == 1
        world.reply = lambda _: http_answer()
        await passes(200)
        assert full() == 0

    run(scenario)
