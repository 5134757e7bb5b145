"""Guests of whom nothing can be owed any more are removed; nothing is repeated for it."""

from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from pipeline.commerce.events import OrderId
from pipeline.deliver import forgetting, ledger_state
from pipeline.record import DAY_S, Instant, later
from pipeline.settings import DeliverSettings
from pipeline.sitecore.delivery import (
    AcceptedOrder,
    Browser,
    Delivery,
    Form,
    Head,
    RefusedLine,
    Replacement,
    Session,
)
from pipeline.sitecore.outcome import Reply
from pipeline.sitecore.owed import DeliveryId
from pipeline.sitecore.point_of_sale import PointOfSale
from pipeline.sitecore.request import Request, SendEvent
from pipeline.sitecore.tidy import remembered
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, erasure, view
from tests.unit.deliver.world import POLICY as WORLD
from tests.unit.deliver.world import Member, World, passes, run
from tests.unit.sitecore.samples import APP, BROWSER, GUEST, ISSUED, NOW, SHOES_ID, SHOP, policy

SETTINGS = DeliverSettings()
POLICY = policy()
A_WHILE_S = 180.0
"""Longer than twice a session, after which it is closed for good."""
BRIEF = replace(WORLD, points_of_sale={"shop": PointOfSale("shop", session_timeout_s=60)})
IDLE = Delivery(GUEST, (Browser(BROWSER, identity="x"),), finished=7, topic_id="t", sequence=9)


def kept(world: World) -> set[bytes]:
    """Guests that the deliveries hold."""
    return {key for key in world.deliveries[0] if not key.startswith(b"\xff")}


def test_of_an_idle_guest_nothing_is_remembered() -> None:
    """Whatever comes next is begun anew: at worst an identity is told again."""
    assert remembered(IDLE, NOW, POLICY) is None


@pytest.mark.parametrize(
    "more",
    [
        {"erased": True},
        {"head": Head(DeliveryId("d"))},
        {"sessions": (Session(BROWSER, "WEB", SHOP, accepted_at=NOW),)},
        {"refused_lines": (RefusedLine(SHOES_ID, "d", NOW, "x"),)},
        {"orders": (AcceptedOrder(OrderId("1"), Form.SINGLE, BROWSER, "WEB", SHOP, NOW),)},
    ],
    ids=lambda more: next(iter(more)),
)
def test_who_has_anything_that_decides_is_remembered_whole(more: dict[str, object]) -> None:
    """An accepted order may be replayed; an erasure never ends."""
    delivery = IDLE._replace(**more)  # type: ignore[arg-type]

    assert remembered(delivery, NOW, POLICY) == delivery


def test_an_order_too_old_to_come_again_keeps_nobody() -> None:
    """Neither does a session that is closed."""
    order = AcceptedOrder(OrderId("1"), Form.SINGLE, BROWSER, "WEB", SHOP, NOW)
    session = Session(BROWSER, "WEB", SHOP, accepted_at=NOW)
    delivery = IDLE._replace(orders=(order,), sessions=(session,))

    assert remembered(delivery, later(NOW, 30 * DAY_S), POLICY) == delivery
    assert remembered(delivery, Instant(later(NOW, 30 * DAY_S) + 1), POLICY) is None


def test_browser_ids_that_were_issued_to_us_stay_for_ever() -> None:
    """Another one would be another guest at Sitecore; with them goes in whose place they are."""
    ours = Browser(ISSUED, issued=True, identity="x")
    pairs = (Replacement(APP, ISSUED), Replacement(BROWSER))
    delivery = IDLE._replace(browsers=(ours, *IDLE.browsers), replaced=pairs)

    left = remembered(delivery, NOW, POLICY)

    assert left == Delivery(GUEST, (ours,), (Replacement(APP, ISSUED),), finished=7, topic_id="t")
    assert remembered(left, NOW, POLICY) == left


def test_a_guest_goes_once_all_of_its_records_are_deleted() -> None:
    """Not before: a restart would read them again, and not know that they are finished."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("b", 2), view("a", 3))
        Member(world, SETTINGS, policy=BRIEF)
        await passes(A_WHILE_S)
        assert kept(world) == {b"a", b"b"}
        world.delete(2)
        await passes(A_WHILE_S)
        assert kept(world) == {b"a"}
        world.delete(3)
        await passes(A_WHILE_S)

    assert kept(run(scenario)) == set()


def test_a_restart_looks_too() -> None:
    """What became idle while we were away is removed as well."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), erasure("b", 2))
        member = Member(world, SETTINGS, policy=BRIEF)
        await passes(3)
        member.deliverer.stop()
        await member.deliverer.ended
        world.delete(2)
        await passes(A_WHILE_S)
        Member(world, SETTINGS, policy=BRIEF)
        await passes(60)

    assert kept(run(scenario)) == {b"b"}


def test_a_guest_with_something_in_hand_stays() -> None:
    """Its lane works with what is known; the record itself may be deleted meanwhile."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        Member(world, SETTINGS, policy=BRIEF)
        await passes(A_WHILE_S)
        world.reply = lambda _: http_answer(502, b"")
        world.owe(view("a", 2))
        await passes(60)
        world.delete(2)
        await passes(60)
        assert kept(world) == {b"a"}
        world.reply = lambda _: http_answer()
        world.owe(view("b", 3))
        await passes(A_WHILE_S)
        assert kept(world) == {b"a", b"b"}
        world.delete(3)
        await passes(A_WHILE_S)

    world = run(scenario)

    assert kept(world) == set()
    assert world.views(browser_of("a")) == ["1", "2"]


def test_a_guest_of_whom_something_waits_for_its_first_try_stays() -> None:
    """Nothing of it shows in what is known, and its lane must not be begun anew."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("b", 2))
        Member(world, SETTINGS, policy=BRIEF)
        await passes(A_WHILE_S)
        throttled = http_answer(429, b"", (("retry-after", "60"),))
        world.reply = lambda _: throttled
        world.owe(view("b", 3))
        await passes(2)
        world.owe(view("a", 4))
        world.delete(4)
        await passes(5)
        assert kept(world) == {b"a", b"b"}
        world.reply = lambda _: http_answer()
        await passes(120)

    assert run(scenario).views(browser_of("a")) == ["1", "4"]


def test_a_guest_who_was_forgotten_goes_on_at_once() -> None:
    """Whatever came meanwhile need not wait for the next beat, which is a second later."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        Member(world, SETTINGS, policy=BRIEF)
        await passes(A_WHILE_S)
        fails = iter([True])
        world.fails_keep = lambda: next(fails, False)
        world.delete(1)
        while world.journal.effects()[-1] != "keep":
            await passes(0.001)
        world.owe(view("a", 2))
        await passes(1.2)

    assert run(scenario).views() == ["1", "2"]


def test_what_comes_while_a_guest_is_forgotten_waits_until_it_is() -> None:
    """Else a tombstone that is written again would take what the guest has done since."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        Member(world, SETTINGS, policy=BRIEF)
        await passes(A_WHILE_S)
        world.fails_keep = lambda: True
        world.delete(1)
        await passes(5)
        world.owe(view("a", 2))
        await passes(5)
        assert world.views() == ["1"]
        world.fails_keep = lambda: False
        await passes(10)
        assert world.views() == ["1", "2"]

    world = run(scenario)

    assert ledger_state.decode(world.deliveries[0][b"a"]).finished == 2
    assert len(world.sent) == 2


def test_a_lost_partition_is_looked_through_no_further() -> None:
    """Its guests are another's."""

    async def scenario(world: World) -> None:
        world.owe(*(view(f"g{i}", i) for i in range(50)))
        member = Member(world, SETTINGS, policy=BRIEF)
        await passes(A_WHILE_S)
        world.delete(50)
        while len(kept(world)) == 50:
            await passes(0.01)
        member.kafka.lose(0)
        await passes(0.02)
        left = len(kept(world))
        await passes(60)
        assert len(kept(world)) == left > 0
        assert not member.deliverer.ended.done()

    run(scenario)


def test_a_release_waits_for_what_is_being_removed_and_for_no_more() -> None:
    """A rebalance must not take as long as looking through all guests."""
    many = 2 * forgetting.CHUNK

    async def scenario(world: World) -> None:
        world.owe(*(view(f"g{i}", i) for i in range(many)))
        member = Member(world, SETTINGS, policy=BRIEF)
        await passes(A_WHILE_S)
        world.delete(many)
        while len(kept(world)) == many:
            await passes(0.01)
        member.kafka.revoke(0)
        await passes(0.1)
        assert world.journal.details("release") == [(0, many, True)]
        assert kept(world)

    run(scenario)


def test_memory_is_bounded_by_who_comes_within_the_retention() -> None:
    """A month of guests who come once: of the last days of them, something is left."""
    days, a_day, retention_days = 30, 20, 5

    async def scenario(world: World) -> None:
        issued = iter(range(10**6))

        def reply(request: Request) -> Reply:
            if isinstance(request, SendEvent):
                return http_answer()
            return http_answer(201, b'{"status":"OK","ref":"r%d"}' % next(issued))

        world.reply = reply
        Member(world, SETTINGS, policy=BRIEF)
        for day in range(days):
            at = day * a_day
            world.owe(*(view(f"g{at + i}", at + i) for i in range(a_day)))
            world.owe(view(f"n{day}", 0, browser_id=None))
            await passes(A_WHILE_S)
            world.delete(max(0, (day - retention_days) * (a_day + 1)))
            await passes(A_WHILE_S)
        left = kept(world)
        assert len(left) <= (retention_days + 1) * a_day + days
        assert REGISTRY.get_sample_value("pipeline_ledger_guests") == len(left)
        assert {key for key in left if key.startswith(b"n")} == {b"n%d" % d for d in range(days)}

    run(scenario)
