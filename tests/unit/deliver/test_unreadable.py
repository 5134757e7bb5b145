"""Records that nobody can read go aside; what a newer release wrote stops the worker."""

import asyncio

import pytest

from pipeline.errors import StateError, UnavailableError, UnknownSchema
from pipeline.settings import DeliverSettings
from pipeline.sitecore.codec import encode_owed
from tests.unit.deliver.views import browser_of, erasure, view
from tests.unit.deliver.world import Member, World, passes, run

SETTINGS = DeliverSettings()
A, B = browser_of("a"), browser_of("b")


def test_a_dead_letter_that_cannot_be_written_pins_the_offset() -> None:
    """A commit past it would lose the record; the others go on."""

    async def scenario(world: World) -> None:
        world.fails_letter = lambda: True
        world.append(b"a", b"noise")
        world.owe(view("b", 1))
        Member(world, SETTINGS)
        await passes(30)

    world = run(scenario)

    assert world.views(B) == ["1"]
    assert world.committed[0] == (0, False)


def test_an_unreadable_record_becomes_a_dead_letter_and_the_rest_goes_on() -> None:
    """Nothing can poison the partition."""

    async def scenario(world: World) -> None:
        world.append(b"a", b"noise")
        world.append(None, None)
        world.append(b"\xff", b"noise")
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(10)

    world = run(scenario)

    assert sorted(letter.reason for letter in world.letters) == ["framing", "framing", "tombstone"]
    assert world.views(A) == ["1"]
    assert world.committed[0] == (4, False)


def test_a_record_under_the_key_of_another_guest_is_set_aside() -> None:
    """In another lane it could overtake."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        world.append(b"b", world.log[0][0].value)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert world.views() == ["1"]
    assert [letter.reason for letter in world.letters] == ["foreign_key"]


@pytest.mark.parametrize(
    "damaged",
    [encode_owed(erasure("b", 1))[:-3], encode_owed(erasure("b", 1))],
    ids=["cut", "anothers"],
)
def test_an_erasure_that_cannot_be_read_or_is_anothers_erases_nothing(damaged: bytes) -> None:
    """By its schema alone it would take with it what is owed to the guest of its key."""

    async def scenario(world: World) -> None:
        world.owe(erasure("c", 1), view("a", 2))
        world.append(b"a", damaged)
        world.owe(view("a", 3))
        Member(world, SETTINGS)
        await passes(10)

    world = run(scenario)

    assert world.views(A) == ["2", "3"]
    assert [letter.reason for letter in world.letters] in (["truncated"], ["foreign_key"])
    assert world.committed[0] == (4, False)


def test_an_unknown_schema_stops_the_worker() -> None:
    """A newer release wrote it: set aside, it would be lost by a mere roll-back."""

    async def scenario(world: World) -> None:
        world.append(b"a", b"\xc3\x01" + bytes(20))
        member = Member(world, SETTINGS)
        await asyncio.wait([member.deliverer.ended], timeout=5)
        with pytest.raises(UnknownSchema):
            member.deliverer.ended.result()
        await member.deliverer.close(0)

    assert run(scenario).letters == []


def test_deliveries_of_another_topic_stop_the_worker() -> None:
    """Their finished offsets would skip records that were never sent."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(3)
        await member.crash()
        world.topic_id = "topic-2"

        again = Member(world, SETTINGS)
        await asyncio.wait([again.deliverer.ended], timeout=5)

        with pytest.raises(StateError, match="made anew"):
            again.deliverer.ended.result()
        await again.deliverer.close(0)

    run(scenario)


def test_deliveries_of_a_topic_that_nobody_can_name_stop_the_worker() -> None:
    """It may have been made anew; a restart asks again."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(3)
        await member.crash()
        world.topic_id = ""

        again = Member(world, SETTINGS)
        await asyncio.wait([again.deliverer.ended], timeout=5)

        with pytest.raises(UnavailableError):
            again.deliverer.ended.result()
        await again.deliverer.close(0)

    run(scenario)
