"""A guest who fails for ever, or has half of all messages, makes nobody else wait."""

import asyncio
from collections.abc import Iterable
from functools import cache

from prometheus_client import REGISTRY

from pipeline.settings import DeliverSettings
from pipeline.sitecore.outcome import Reply
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.world import Member, World, passes, run

BUSY, FAILING = "busy", "failing"
MESSAGES, EVERY_S = 1000, 0.01
"""A request takes 60 ms with its answer kept: six of nine slots are used."""


@cache
def ages(*neighbours: str, in_hand_max: int = 10_000, apart: bool = False) -> list[float]:
    """Seconds from being owed until being sent of the messages of all others, the least first.

    Args:
        neighbours: Guests of whom one message comes with each of the others'.
        in_hand_max: How much of a partition may be in hand.
        apart: Whether the others lie in a partition of their own.
    """
    found: list[float] = []
    owed_at: dict[str, float] = {}

    async def scenario(world: World) -> None:
        loop = asyncio.get_running_loop()

        def reply(request: Request) -> Reply:
            assert isinstance(request, SendEvent)
            page, who = str(request.message["page"]), request.message["browser_id"]
            if who == browser_of(FAILING):
                return http_answer(502, b"")
            if who != browser_of(BUSY):
                found.append(loop.time() - owed_at[page])
            return http_answer()

        world.reply = reply
        settings = DeliverSettings(in_flight_max=9, in_hand_max=in_hand_max)
        Member(world, settings, partitions=(0, 1), of=2)
        await passes(2)
        for number in range(MESSAGES):
            world.owe(*(view(guest, number) for guest in neighbours))
            owed_at[str(number)] = loop.time()
            world.owe(view(f"g{number % 500}", number), partition=int(apart))
            await passes(EVERY_S)
        await passes(10)

    run(scenario)
    return sorted(found)


def p99(found: Iterable[float]) -> float:
    """What all but one in a hundred stay below, with the time of the request itself."""
    ordered = sorted(found)
    return 0.06 + ordered[int(0.99 * len(ordered))]


def test_a_guest_whose_messages_always_fail_makes_nobody_wait() -> None:
    """It holds a slot now and then, and waits for its next try without one."""
    alone, beside = ages(), ages(FAILING)

    assert len(alone) == len(beside) == MESSAGES
    assert p99(beside) <= 1.01 * p99(alone)


def test_a_guest_with_half_of_all_messages_makes_nobody_wait() -> None:
    """It has one lane like everybody: what it cannot send yet is its own backlog."""
    alone, beside = ages(), ages(BUSY)

    assert len(alone) == len(beside) == MESSAGES
    assert p99(beside) <= 1.01 * p99(alone)


def test_both_at_once_make_nobody_wait() -> None:
    """Each has a slot at most."""
    assert p99(ages(BUSY, FAILING)) <= 1.01 * p99(ages())


def test_beyond_its_bound_a_guest_slows_its_own_partition_alone() -> None:
    """And a metric says so."""
    alone = ages(in_hand_max=100, apart=True)
    apart = ages(BUSY, FAILING, in_hand_max=100, apart=True)

    assert REGISTRY.get_sample_value("pipeline_full_partitions") == 1
    assert p99(apart) <= 1.01 * p99(alone)
