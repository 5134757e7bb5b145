"""The path of a record: what leaves, in which order, and what a crash may repeat."""

import asyncio

from pipeline.deliver import port
from pipeline.settings import DeliverSettings
from pipeline.sitecore.outcome import NoAnswer, NotSent, Reply
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, erasure, view
from tests.unit.deliver.world import Member, World, passes, run

SETTINGS = DeliverSettings()
A, B = browser_of("a"), browser_of("b")


def effects(world: World) -> list[str]:
    """What was done, but for commits of nothing new."""
    seen: dict[str, tuple[object, ...]] = {}
    kept = []
    for effect, details in world.journal.entries():
        if effect == "commit":
            if details == seen.get(effect):
                continue
            seen[effect] = details
        kept.append(effect)
    return kept


def test_the_offset_is_committed_last() -> None:
    """A crash before the commit repeats work; it never loses any."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert effects(world) == ["commit", "send", "keep", "commit"]
    assert world.committed[0] == (1, False)


def test_nothing_is_sent_before_a_commit_was_taken() -> None:
    """An assignment alone does not say that we are still a member."""

    async def scenario(world: World) -> None:
        world.fails_commit = lambda: True
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(60)

    assert run(scenario).sent == []


def test_the_next_request_of_a_guest_waits_until_the_answer_is_kept() -> None:
    """Sent before, two requests could repeat after a crash."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("a", 2))
        Member(world, SETTINGS)
        await passes(5)

    assert effects(run(scenario)) == ["commit", "send", "keep", "send", "keep", "commit"]


def test_an_answer_that_cannot_be_kept_blocks_its_guest_alone() -> None:
    """It is written until Kafka has it; the request is never sent again for that."""

    async def scenario(world: World) -> None:
        fails = iter([True, True, True, False])
        world.fails_keep = lambda: next(fails, False)
        world.owe(view("a", 1), view("a", 2))
        Member(world, SETTINGS)
        await passes(30)

    world = run(scenario)

    assert world.views() == ["1", "2"]
    assert effects(world)[:6] == ["commit", "send", "keep", "keep", "keep", "keep"]


def test_guests_go_side_by_side_up_to_the_limit() -> None:
    """A slow destination is used fully and never more than allowed."""
    most = 0

    async def scenario(world: World) -> None:
        nonlocal most
        under_way = 0

        def reply(_: Request) -> Reply:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            asyncio.get_running_loop().call_later(world.answer_s, leave)
            return http_answer()

        def leave() -> None:
            nonlocal under_way
            under_way -= 1

        world.reply = reply
        world.owe(*(view(f"g{i}", 1) for i in range(50)))
        Member(world, DeliverSettings(in_flight_max=8))
        await passes(10)
        assert len(world.accepted) == 50

    run(scenario)

    assert most == 8


def test_each_guest_is_served_in_order_whatever_fails() -> None:
    """A retry blocks its lane; nothing of the guest passes it."""

    async def scenario(world: World) -> None:
        tries: dict[str, int] = {}

        def reply(request: Request) -> Reply:
            assert isinstance(request, SendEvent)
            key = f"{request.message['browser_id']}{request.message['page']}"
            tries[key] = tries.get(key, 0) + 1
            return http_answer() if tries[key] > len(tries) % 3 else NotSent("connect_failed")

        world.reply = reply
        world.owe(*(view(f"g{i % 5}", i) for i in range(40)))
        Member(world, SETTINGS)
        await passes(600)

    world = run(scenario)

    for guest in range(5):
        expected = [str(i) for i in range(40) if i % 5 == guest]
        assert world.views(browser_of(f"g{guest}")) == expected


def test_a_guest_who_waits_keeps_nobody_else_waiting() -> None:
    """Its lane alone is blocked, and the prefix with it."""

    async def scenario(world: World) -> None:
        def reply(request: Request) -> Reply:
            assert isinstance(request, SendEvent)
            if request.message["browser_id"] == A:
                return http_answer(502, b"")
            return http_answer()

        world.reply = reply
        world.owe(view("b", 1), view("a", 2), *(view("b", i) for i in range(3, 9)))
        Member(world, SETTINGS)
        await passes(20)

    world = run(scenario)

    assert world.views(B) == ["1", "3", "4", "5", "6", "7", "8"]
    assert world.committed[0] == (1, False)


def test_a_record_that_kafka_says_twice_is_sent_once() -> None:
    """Its client may do so when a partition was paused."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("a", 2))
        member = Member(world, SETTINGS)
        member.deliverer.take([port.Read(0, world.log[0])])
        await passes(5)

    world = run(scenario)

    assert world.views() == ["1", "2"]
    assert world.committed[0] == (2, False)


def test_a_refused_event_is_set_aside_with_its_record() -> None:
    """A person can read what was refused, and replay it."""

    async def scenario(world: World) -> None:
        def reply(request: Request) -> Reply:
            assert isinstance(request, SendEvent)
            return http_answer(400, b"") if request.message["page"] == "1" else http_answer()

        world.reply = reply
        world.owe(view("a", 1), view("a", 2))
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert world.views() == ["2"]
    assert [letter.record for letter in world.letters] == [world.log[0][0]]
    assert world.letters[0].details.keys() == {"delivery-id"}


def test_an_erasure_passes_everything_of_its_guest() -> None:
    """Nothing of an erased guest starts any more; what waits is kept by position only."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: NotSent("connect_failed")
        world.owe(view("a", 1), view("a", 2), erasure("a", 3), view("a", 4), view("b", 5))
        Member(world, DeliverSettings(backoff_first_s=50))
        await passes(5)

    world = run(scenario)

    assert [letter.reason for letter in world.letters] == ["guest_erased"] * 3
    assert all(letter.record.key is letter.record.value is None for letter in world.letters)
    assert all(who != A for who, _, _ in world.sent)


def test_the_request_in_flight_ends_before_an_erasure() -> None:
    """It cannot be taken back; what it leads to is not done."""

    async def scenario(world: World) -> None:
        world.answer_s = 2
        world.owe(view("a", 1), view("a", 2))
        Member(world, SETTINGS)
        await passes(1)
        world.owe(erasure("a", 3))
        await passes(5)

    world = run(scenario)

    assert world.views() == ["1"]
    assert [letter.record.position.offset for letter in world.letters] == [1]
    assert world.committed[0] == (3, False)


def test_reading_pauses_when_too_much_is_in_hand() -> None:
    """Memory is bounded by what may be in hand, not by the backlog."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: NotSent("connect_failed")
        world.owe(*(view(f"g{i}", 1) for i in range(10)))
        Member(world, DeliverSettings(in_hand_max=10))
        await passes(1)
        assert "pause" in world.journal.effects()

        world.reply = lambda _: http_answer()
        await passes(100)

    world = run(scenario)

    assert "resume" in world.journal.effects()
    assert len(world.accepted) == 10


def test_no_more_comes_than_one_reading_after_the_limit() -> None:
    """Whoever comes after a crash suspects as many records, and no more."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: NotSent("connect_failed")
        world.owe(*(view(f"g{i}", 1) for i in range(2 * port.READ_MAX)))
        member = Member(world, DeliverSettings(in_hand_max=10))
        await passes(5)
        assert member.kafka.positions[0] == port.READ_MAX

        await member.crash()
        world.reply = lambda _: http_answer()
        Member(world, DeliverSettings(in_hand_max=10))
        await passes(60)

    world = run(scenario)

    assert sum(marked for _, _, marked in world.accepted) >= port.READ_MAX


def test_an_unknown_outcome_is_repeated_and_marked() -> None:
    """The destination may have taken it; whoever looks at it later must know."""

    async def scenario(world: World) -> None:
        replies = iter([NoAnswer("answer_timeout")])
        world.reply = lambda _: next(replies, http_answer())
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(10)

    assert run(scenario).sent == [(A, "1", False), (A, "1", True)]
