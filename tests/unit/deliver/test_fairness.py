"""Who waits holds nothing that others need, and those who can go take turns."""

import asyncio
from dataclasses import replace

from pipeline.settings import DeliverSettings
from pipeline.sitecore.outcome import Reply
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.world import POLICY, Member, World, passes, run

PATIENT = replace(POLICY, backoff_first_s=600, backoff_max_s=600)


def who(request: Request) -> str:
    """The browser id of an event."""
    assert isinstance(request, SendEvent)
    return str(request.message["browser_id"])


def test_a_lane_that_waits_to_try_again_holds_no_slot() -> None:
    """Two guests fail, wait minutes and have two slots: all others go on through both."""
    failing = {browser_of("x"), browser_of("y")}

    async def scenario(world: World) -> None:
        loop = asyncio.get_running_loop()

        def reply(request: Request) -> Reply:
            ends.append(loop.time())
            return http_answer(502, b"") if who(request) in failing else http_answer()

        ends: list[float] = []
        world.reply = reply
        Member(world, DeliverSettings(in_flight_max=2), policy=PATIENT)
        await passes(2)
        world.owe(view("x", 0), view("y", 0))
        await passes(2)
        began = loop.time()
        world.owe(*(view(f"g{i}", i) for i in range(40)))
        await passes(5)

        assert len(world.accepted) == 40
        # Forty of 60 ms each, two at a time.
        assert ends[-1] - began < 1.3

    run(scenario)


def test_slots_go_round_between_guests_and_partitions() -> None:
    """A guest with a hundred records, in a partition with fifty guests, takes its turn."""

    async def scenario(world: World) -> None:
        Member(world, DeliverSettings(in_flight_max=2), partitions=(0, 1), of=2)
        await passes(2)
        world.owe(*(view("many", i) for i in range(100)))
        world.owe(*(view(f"g{i}", 0) for i in range(50)))
        world.owe(*(view("alone", i) for i in range(10)), partition=1)
        await passes(20)

        sent = [one for one, _, _ in world.sent]
        last_of_all = max(sent.index(browser_of(f"g{i}")) for i in range(50))
        alone = [at for at, one in enumerate(sent) if one == browser_of("alone")]
        assert sent[: last_of_all + 1].count(browser_of("many")) <= 3
        # Of two partitions that have something to send, each has every second slot.
        assert alone[-1] <= 2 * len(alone) + 2

    run(scenario)


def test_the_lease_is_renewed_as_long_as_commits_are_acknowledged() -> None:
    """Nothing moves for an hour: without a commit all the same, the next message would wait."""

    async def scenario(world: World) -> None:
        Member(world, DeliverSettings(lease_s=2))
        await passes(3600)
        world.owe(view("a", 1))
        await passes(0.1)
        assert len(world.accepted) == 1

        world.fails_commit = lambda: True
        await passes(10)
        world.owe(view("a", 2))
        await passes(60)
        assert len(world.accepted) == 1
        world.fails_commit = lambda: False
        await passes(10)
        assert len(world.accepted) == 2

    run(scenario)


def test_a_browser_id_that_is_not_issued_holds_no_slot() -> None:
    """Asking for one is a request like any other: who waits for it waits without a slot."""

    async def scenario(world: World) -> None:
        def reply(request: Request) -> Reply:
            if not isinstance(request, SendEvent):
                return http_answer(503, b"")
            return http_answer()

        world.reply = reply
        Member(world, DeliverSettings(in_flight_max=1), policy=PATIENT)
        await passes(2)
        world.owe(view("new", 0, None))
        world.owe(*(view(f"g{i}", i) for i in range(10)))
        await passes(5)

        assert len(world.accepted) == 10

    run(scenario)
