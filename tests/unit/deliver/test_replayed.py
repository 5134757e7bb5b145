"""A record that was replayed: a live one, but for what was accepted already."""

from dataclasses import replace

from pipeline.record import Headers, Instant
from pipeline.settings import DeliverSettings
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, erasure, view
from tests.unit.deliver.virtual_time import DAWN_MS
from tests.unit.deliver.world import Member, World, passes, run
from tests.unit.sitecore.samples import SHOES, Owes

SETTINGS = DeliverSettings()
A = browser_of("a")


def replays(world: World, owed: Owed, *more: tuple[str, bytes]) -> None:
    """Append a record as a replay does."""
    headers: Headers = (
        ("dead-letter-replay", b"1"),
        ("dead-letter-replay-of", owed.delivery_id.encode()),
        ("delivery-id", owed.delivery_id.encode()),
        *more,
    )
    world.append(owed.guest_id.encode(), encode_owed(owed), headers=headers)


def test_a_refused_record_is_sent_again_when_it_is_replayed() -> None:
    """Neither its old offset nor its delivery id stands in the way, nor what came after it."""
    refusing = [True]

    async def scenario(world: World) -> None:
        world.reply = lambda r: http_answer(400 if refusing[0] and _page(r) == "1" else 201)
        world.owe(view("a", 1), view("a", 2))
        Member(world, SETTINGS)
        await passes(5)
        refusing[0] = False
        replays(world, view("a", 1))
        await passes(5)

    world = run(scenario)

    assert [letter.reason for letter in world.letters] == ["refused"]
    assert world.accepted == [(A, "2", False), (A, "1", False)]
    assert world.committed[0] == (3, False)


def test_an_order_that_was_accepted_is_not_sent_again() -> None:
    """The Stream API would make a second one of it."""
    where = view("a", 1).context._replace(page="order")
    order = replace(
        Owes(where, Instant(DAWN_MS)).order(SHOES),
        guest_id=view("a", 1).guest_id,
        delivery_id=view("a", 1).delivery_id,
    )

    async def scenario(world: World) -> None:
        world.owe(order)
        Member(world, SETTINGS)
        await passes(5)
        replays(world, order)
        await passes(5)

    world = run(scenario)

    assert len(world.accepted) == 2, "identity and order"
    assert world.committed[0] == (2, False)
    assert world.letters == []


def test_one_that_may_have_arrived_is_marked_when_it_leaves_again() -> None:
    """Whoever counts repeats must find it."""

    async def scenario(world: World) -> None:
        replays(world, view("a", 1), ("dead-letter-may-have-arrived", b"true"))
        world.owe(view("a", 2))
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert world.accepted == [(A, "1", True), (A, "2", False)]


def test_a_replay_for_an_erased_guest_is_set_aside_by_position_only() -> None:
    """An erasure stays, whoever replays what."""

    async def scenario(world: World) -> None:
        world.owe(erasure("a", 1))
        Member(world, SETTINGS)
        await passes(5)
        replays(world, view("a", 2))
        await passes(5)

    world = run(scenario)

    (letter,) = world.letters
    assert world.accepted == []
    assert (letter.reason, letter.record.key, letter.record.value) == ("guest_erased", None, None)
    assert dict(letter.record.headers)["dead-letter-replay"] == b"1"


def _page(request: Request) -> str:
    return str(request.message["page"]) if isinstance(request, SendEvent) else ""
