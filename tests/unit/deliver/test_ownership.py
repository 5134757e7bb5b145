"""What happens when a worker ends, is killed, frozen, or loses its partitions."""

import asyncio

import pytest

from pipeline.deliver.port import Committed
from pipeline.settings import DeliverSettings
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.world import Member, World, in_order, owe_some, passes, run

SETTINGS = DeliverSettings()
A, B, C = browser_of("a"), browser_of("b"), browser_of("c")


def test_stopping_lets_what_is_in_flight_end_and_starts_nothing() -> None:
    """Its answer is kept and its offset committed before the group is left."""

    async def scenario(world: World) -> None:
        world.answer_s = 2
        world.owe(view("a", 1), view("a", 2))
        member = Member(world, SETTINGS)
        await passes(1)
        member.deliverer.stop()
        await member.deliverer.ended

    world = run(scenario)

    assert world.views() == ["1"]
    assert world.journal.effects()[-3:] == ["keep", "release", "leave"]
    assert world.committed[0] == (1, True)


def test_what_comes_while_a_worker_stops_is_left_for_the_next() -> None:
    """It is not taken in hand any more, so nothing may say that it is done."""

    async def scenario(world: World) -> None:
        world.answer_s = 2
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(1)
        member.deliverer.stop()
        world.owe(view("a", 2))
        await member.deliverer.ended
        assert world.committed[0] == (1, True)
        Member(world, SETTINGS)
        await passes(5)

    assert run(scenario).views() == ["1", "2"]


def test_a_drain_that_takes_too_long_is_cut_and_not_clean() -> None:
    """The next owner must suspect the request that was cut."""

    async def scenario(world: World) -> None:
        world.answer_s = 60
        world.owe(view("a", 1))
        member = Member(world, DeliverSettings(drain_s=11))
        await passes(1)
        member.deliverer.stop()
        await asyncio.wait([member.deliverer.ended], timeout=12)

    world = run(scenario)

    assert world.journal.details("release") == [(0, 0, False)]


def test_a_partition_that_comes_during_the_drain_is_given_back() -> None:
    """Else the worker would go on delivering it, and never end."""

    async def scenario(world: World) -> None:
        world.answer_s = 5
        world.owe(view("a", 1))
        world.owe(view("b", 1), partition=1)
        member = Member(world, SETTINGS, of=2)
        await passes(1)
        member.deliverer.stop()
        member.kafka.assign(1)
        await asyncio.wait([member.deliverer.ended], timeout=10)
        assert member.deliverer.ended.done()

    world = run(scenario)

    assert world.views(A) == ["1"]
    assert world.views(B) == []
    assert (1, None, False) in world.journal.details("release")


def test_after_a_loss_nothing_starts_before_a_commit_is_acknowledged() -> None:
    """Whoever lost one partition unawares may have lost the others too."""

    async def scenario(world: World) -> None:
        member = Member(world, SETTINGS, partitions=(0, 1), of=2)
        await passes(3)
        world.fails_commit = lambda: True
        await passes(1)
        member.kafka.lose(0)
        world.owe(view("b", 1), partition=1)
        await passes(5)
        assert world.sent == []

        world.fails_commit = lambda: False
        await passes(5)

    assert run(scenario).views(B) == ["1"]


def test_the_answer_to_an_earlier_commit_does_not_renew_the_lease() -> None:
    """It may have lain there while the process was frozen, and proves nothing about now."""

    async def scenario(world: World) -> None:
        member = Member(world, SETTINGS)
        await passes(3)
        world.fails_commit = lambda: True
        member.clock.frozen_s += 100
        world.owe(view("a", 1))
        await passes(1)
        member.deliverer.take([Committed(number, {}) for number in range(1, 4)])
        await passes(1)

    assert run(scenario).sent == []


def test_nothing_is_sent_when_the_process_was_frozen_after_deciding_to() -> None:
    """Between the decision and the sending others on the loop have their turn."""

    async def scenario(world: World) -> None:
        member = Member(world, SETTINGS)
        await passes(3)
        world.fails_commit = lambda: True
        world.owe(view("a", 1))
        for _ in range(10):
            if member.deliverer._gate.in_flight:
                break
            await asyncio.sleep(0)
        assert member.deliverer._gate.in_flight == 1
        member.clock.frozen_s += 100
        await passes(5)
        assert world.sent == []

        world.fails_commit = lambda: False
        await passes(5)

    assert run(scenario).sent == [(A, "1", False)]


def test_a_revoked_partition_is_drained_while_the_others_go_on() -> None:
    """A rebalance stops nothing but what moves."""

    async def scenario(world: World) -> None:
        world.answer_s = 2
        world.owe(view("a", 1), view("a", 2), partition=0)
        world.owe(view("b", 1), view("b", 2), view("b", 3), partition=1)
        member = Member(world, SETTINGS, partitions=(0, 1), of=2)
        await passes(1)
        member.kafka.revoke(0)
        await passes(9)

    world = run(scenario)

    assert world.views(A) == ["1"]
    assert world.views(B) == ["1", "2", "3"]
    assert world.journal.details("release") == [(0, 1, True)]


def test_what_moves_goes_on_where_it_was() -> None:
    """Between two workers nothing is lost, repeated or marked."""

    async def scenario(world: World) -> None:
        owe_some(world)
        first = Member(world, DeliverSettings(in_flight_max=2))
        await passes(0.2)
        first.kafka.revoke(0)
        await passes(1)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert in_order(world)
    assert len(world.accepted) == 18
    assert not any(marked for _, _, marked in world.sent)


def test_a_new_partition_waits_for_a_commit_of_its_own() -> None:
    """Until then it still says that its last owner has released it, and nobody would be marked."""

    async def scenario(world: World) -> None:
        member = Member(world, SETTINGS, partitions=(0,), of=2)
        await passes(5)
        world.fails_commit = lambda: True
        world.owe(view("b", 1), partition=1)
        member.kafka.assign(1)
        await passes(5)
        assert world.sent == []

        world.fails_commit = lambda: False
        await passes(5)

    assert run(scenario).views() == ["1"]


@pytest.mark.parametrize("hides", [(), (asyncio.CancelledError,)])
@pytest.mark.parametrize("comes_back", [False, True])
def test_a_lost_partition_keeps_no_answer(
    hides: tuple[type[BaseException], ...],
    comes_back: bool,
) -> None:
    """Its new owner may have written something newer already."""

    async def scenario(world: World) -> None:
        world.hides = hides
        world.answer_s = 2
        world.owe(view("a", 1), view("a", 2))
        member = Member(world, SETTINGS)
        await passes(1)
        member.kafka.lose(0)
        if comes_back:
            world.fails_commit = lambda: True
            member.kafka.assign(0)
        await passes(10)
        assert not member.deliverer.ended.done()

    world = run(scenario)

    assert "keep" not in world.journal.effects()
    assert world.views() == ["1"]


def test_a_partition_that_comes_back_is_restored_anew() -> None:
    """Another owner may have worked on it meanwhile."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("a", 2))
        member = Member(world, SETTINGS)
        await passes(0.03)
        member.kafka.lose(0)
        other = Member(world, SETTINGS)
        await passes(3)
        other.deliverer.stop()
        await other.deliverer.ended
        world.owe(view("a", 3))
        member.kafka.assign(0)
        await passes(3)

    assert run(scenario).views() == ["1", "1", "2", "3"]


def test_a_frozen_worker_sends_nothing_when_it_wakes() -> None:
    """Another member has its partitions, and it does not know yet."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(1.5)
        world.fails_commit = lambda: True
        member.clock.frozen_s += 60
        world.owe(view("a", 2))
        await passes(30)

    assert run(scenario).views() == ["1"]


def test_a_worker_that_was_frozen_over_an_answer_does_not_keep_it() -> None:
    """The new owner has sent the request again, and has kept something newer."""

    async def scenario(world: World) -> None:
        world.answer_s = 1
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(0.5)
        world.fails_commit = lambda: True
        member.clock.frozen_s += 60
        await passes(30)

    assert "keep" not in run(scenario).journal.effects()


def test_commits_are_repeated_though_nothing_moves() -> None:
    """Each one renews the lease."""

    async def scenario(world: World) -> None:
        Member(world, SETTINGS)
        await passes(60)
        world.owe(view("a", 1))
        await passes(1)

    world = run(scenario)

    assert world.journal.effects().count("commit") >= 60
    assert world.views() == ["1"]


def test_records_that_come_before_the_deliveries_wait_for_them() -> None:
    """Without them, what was accepted before would be sent again."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(3)
        assert member.deliverer.ready
        member.deliverer.stop()
        await member.deliverer.ended
        assert not member.deliverer.ready

    run(scenario)
