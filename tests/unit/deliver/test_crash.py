"""A crash loses nothing, repeats little, and marks what it may repeat."""

from dataclasses import replace
from uuid import UUID

import pytest

from pipeline.commerce.events import Contact, Identifier
from pipeline.record import Instant
from pipeline.settings import DeliverSettings
from pipeline.sitecore.outcome import NoAnswer, NotSent, Reply
from pipeline.sitecore.owed import DeliveryId, Identity, Owed
from pipeline.sitecore.request import Request
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.virtual_time import DAWN_MS
from tests.unit.deliver.world import Member, World, in_order, owe_some, passes, run
from tests.unit.sitecore import samples

SETTINGS = DeliverSettings()
A, B = browser_of("a"), browser_of("b")


@pytest.mark.parametrize("answer_s", [0.05, 0.7])
@pytest.mark.parametrize("moment", range(1, 60))
def test_a_crash_at_any_step_loses_nothing_and_repeats_at_most_what_was_in_flight(
    moment: int, answer_s: float
) -> None:
    """Every effect that a worker has is a moment at which it may be killed."""

    async def scenario(world: World) -> None:
        world.answer_s = answer_s
        owe_some(world)
        settings = DeliverSettings(in_flight_max=4)
        member = Member(world, settings)
        while len(world.journal.effects()) < moment and len(world.accepted) < 18:
            await passes(0.001)
        await member.crash()
        Member(world, settings)
        await passes(30)

    world = run(scenario)

    assert in_order(world)
    repeats = len(world.accepted) - 18
    assert 0 <= repeats <= 4
    again = [one for i, one in enumerate(world.accepted) if one[:2] in _before(world, i)]
    assert all(marked for _, _, marked in again)
    assert world.committed[0] == (18, False)


def _before(world: World, index: int) -> set[tuple[str, str]]:
    return {(guest, number) for guest, number, _ in world.accepted[:index]}


def test_an_answer_that_was_kept_is_not_asked_for_again() -> None:
    """Even when the offset was not committed any more."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("b", 2))
        member = Member(world, SETTINGS)
        await passes(0.3)
        await member.crash()
        assert world.committed[0][0] == 0
        Member(world, SETTINGS)
        await passes(5)

    assert run(scenario).views() == ["1", "2"]


def test_after_a_clean_end_nothing_is_marked() -> None:
    """Marks without reason would make every one of them worthless."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(3)
        member.deliverer.stop()
        await member.deliverer.ended
        world.owe(view("a", 2), view("b", 3))
        Member(world, SETTINGS)
        await passes(3)

    world = run(scenario)

    assert world.sent == [(A, "1", False), (A, "2", False), (B, "3", False)]


def test_after_a_crash_the_first_request_of_each_guest_is_marked_once() -> None:
    """Nobody knows which of them had left; what was owed later cannot have."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("b", 2), view("a", 3))
        world.fails_commit = lambda: len(world.committed) > 0
        member = Member(world, SETTINGS)
        await passes(0.02)
        await member.crash()
        world.fails_commit = lambda: False
        Member(world, SETTINGS)
        await passes(3)
        world.owe(view("c", 4))
        await passes(3)

    world = run(scenario)

    marked = [(who, number) for who, number, marked in world.sent if marked]
    assert marked == [(A, "1"), (B, "2")]


def test_a_mark_stays_until_something_was_heard() -> None:
    """A try that provably did not leave says nothing about the one before the crash."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        world.reply = lambda _: NoAnswer("answer_timeout")
        member = Member(world, SETTINGS)
        await passes(0.02)
        await member.crash()
        replies = iter([NotSent("connect_failed")])
        world.reply = lambda _: next(replies, http_answer())
        Member(world, SETTINGS)
        await passes(5)

    assert [marked for _, _, marked in run(scenario).sent] == [False, True, True]


def test_a_partition_released_before_its_suspects_were_heard_is_not_clean() -> None:
    """The next owner must suspect them too."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(0.02)
        await member.crash()
        world.reply = lambda _: NotSent("connect_failed")
        second = Member(world, DeliverSettings(backoff_first_s=50))
        await passes(2)
        second.deliverer.stop()
        await second.deliverer.ended
        world.reply = lambda _: http_answer()
        Member(world, SETTINGS)
        await passes(60)

    assert run(scenario).accepted[-1] == (A, "1", True)


def test_what_needed_no_request_is_not_decided_again_behind_what_followed() -> None:
    """After a crash it would be compared with what Sitecore has by then, and overtake."""
    owes = samples.Owes(at=Instant(DAWN_MS))
    another = Identity((Identifier("CRM", "B"),), Contact())
    order = replace(owes.order(samples.SHOES), identity=another)
    said: tuple[Owed, ...] = (owes.identity(), owes.identity(), order)
    owed = [
        replace(one, delivery_id=DeliveryId(str(UUID(int=number))))
        for number, one in enumerate(said)
    ]
    types: list[str] = []

    def reply(request: Request) -> Reply:
        types.append(request.type)
        return http_answer()

    async def scenario(world: World) -> None:
        world.reply = reply
        world.owe(*owed)
        member = Member(world, SETTINGS, policy=samples.policy())
        await passes(0.15)
        assert types[-1] == "ORDER_CHECKOUT"
        await member.crash()
        Member(world, SETTINGS, policy=samples.policy())
        await passes(5)

    run(scenario)

    assert types == ["IDENTITY", "IDENTITY", "ORDER_CHECKOUT", "ORDER_CHECKOUT"]
